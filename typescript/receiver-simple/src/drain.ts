// Draining the lane: claim a batch, decide each message, commit the batch; again until the lane is
// empty. `shared/queue/src/drain.rs` in TypeScript.

import { type Commit, claim, commit } from "./batch.js";
import { type Decided, type Message, type Outcome, queuedAtMs } from "./message.js";
import { payload } from "./payload.js";
import { LANE, MAX_ORDER_BYTES, type Queue } from "./queue.js";

/** The component that decides, in whatever language it is written. */
export type Domain = Pick<typeof import("orders:domain/fulfilment@0.1.0"), "fulfil" | "identify">;
type Rejection = import("orders:domain/fulfilment@0.1.0").Rejection;

/** The program that a drain runs in. */
export interface Host {
  /** The time since the drain began. */
  elapsedMs(): number;
  committed(batch: readonly Decided[], commit: Commit): void;
}

/** What a drain did, in messages unless said otherwise; in the words of the log. */
export class Tally {
  batches = 0;
  applied = 0;
  /** Another drain had committed them before. */
  superseded = 0;
  routed = 0;
  confirmed = 0;
  dead_lettered = 0;
  duplicates = 0;
  redelivered = 0;
  /** Overdue entries that were split. */
  split = 0;
  /** Pending entries that somebody had deleted from the lane. */
  vanished = 0;
  /** The time budget was spent before the lane was empty; the bell was rung again. */
  out_of_time = false;

  get isIdle(): boolean {
    return Object.values(this).every((count) => !count);
  }
}

/** An idle Redis looks for blocked commands that have timed out only every 100 ms (`hz` 10). */
const WAKE_MS = 200;

/**
 * A lane is busy if its last two batches were claimed at most this many `linger_ms` apart. On a quiet
 * lane, starting an instance for each order costs less than waiting.
 */
const BUSY = 5;

/**
 * A batch with longer results is committed in parts, so that neither an instance nor a script holds
 * all at once.
 */
const COMMIT_BYTES = 4 * 1024 * 1024;

const COUNTS = [
  "applied",
  "superseded",
  "routed",
  "confirmed",
  "dead_lettered",
  "duplicates",
] as const;

export class Drain {
  /** What was done so far, also when the drain failed. */
  readonly tally = new Tally();
  /** Whether the lane was busy at the last batch. Then the drain waits for more. */
  private isBusy = false;
  /** The newest entry of the last batch, until a wait has used it. */
  private newest: string | undefined;

  constructor(
    private readonly queue: Queue,
    private readonly domain: Domain,
    private readonly host: Host,
  ) {}

  /**
   * Drains the lane until it is empty or paused, or the time budget is spent; then the bell is rung
   * for the rest. When a busy lane is empty, waits for more. Throws a `QueueError` when Redis fails.
   */
  run(): void {
    const { drainBudgetMs, lingerMs } = this.queue.settings;
    // While the drain waits, it finds new entries itself, so its bell stays silent.
    const silentMs = lingerMs > 0 ? lingerMs + WAKE_MS : 0;
    let holdMs = 0;
    for (let isFirst = true; ; isFirst = false) {
      const step = this.step(isFirst, holdMs, silentMs);
      if (step === "emptied" ? !this.isBusy : step === "empty" && holdMs === 0) {
        return;
      }
      if (step !== "empty" && this.host.elapsedMs() >= drainBudgetMs) {
        this.tally.out_of_time = true;
        this.queue.handOver();
        return;
      }
      const goesOn = step === "committed" || this.linger();
      holdMs = goesOn && this.host.elapsedMs() < drainBudgetMs ? silentMs : 0;
    }
  }

  /**
   * Waits for an entry after the last batch; false if none came. A second wait without a batch in
   * between starts at `$`, because another drain may have the entry that ended the first.
   */
  private linger(): boolean {
    const since = this.newest ?? "$";
    this.newest = undefined;
    return this.queue.linger(since);
  }

  /**
   * Claims one batch, decides and commits it, in several commits if its results are long. "empty":
   * there was none. "emptied": nothing is left in the lane.
   */
  private step(
    isFirst: boolean,
    holdMs: number,
    silentMs: number,
  ): "committed" | "emptied" | "empty" {
    const { messages, sinceMs, vanished, split } = claim(this.queue, isFirst, holdMs);
    this.tally.vanished += vanished;
    this.tally.split += split;
    const [first] = messages;
    if (first === undefined) {
      return "empty";
    }
    this.isBusy = silentMs > 0 && sinceMs <= BUSY * this.queue.settings.lingerMs;
    let isLaneEmpty = false;
    this.tally.redelivered += messages.filter(({ deliveryCount }) => deliveryCount > 1).length;
    for (let at = 0; at < messages.length;) {
      const part = this.decidePart(messages.slice(at));
      at += part.length;
      // Crash window: from here to the commit the part is decided but pending. After a crash it is
      // redelivered.
      const done = commit(this.queue, part, first, this.isBusy ? silentMs : 0);
      isLaneEmpty = done.isLaneEmpty;
      this.tally.batches += 1;
      for (const count of COUNTS) {
        this.tally[count] += done[count];
      }
      this.host.committed(part, done);
    }
    this.newest = messages.at(-1)?.entryId;
    return isLaneEmpty ? "emptied" : "committed";
  }

  /** Decides whole entries until they are enough for a commit. */
  private decidePart(messages: readonly Message[]): Decided[] {
    const part: Decided[] = [];
    let bytes = 0;
    for (const message of messages) {
      if (bytes >= COMMIT_BYTES && message.entry !== part.at(-1)?.message.entry) {
        break;
      }
      const outcome = this.decide(message);
      bytes += outcome.verb === "confirm" ? outcome.confirmation.length : outcome.errors.length;
      part.push({ message, outcome });
    }
    return part;
  }

  /** Every message has an outcome, whatever it holds. */
  private decide(message: Message): Outcome {
    const { order, deliveryCount, decidedAtMs } = message;
    if (typeof order === "number") {
      return order < 0
        ? deadLetter("missing_order_field", 'the entry needs one field "order"')
        : deadLetter("order_too_large", `${order} bytes, at most ${MAX_ORDER_BYTES} are allowed`);
    }
    const surplus = deliveryCount - this.queue.settings.maxDeliveries;
    if (surplus > 0) {
      // Reading the order may end the instance. So it is read once more for its id, and not at all
      // when that failed too.
      const id = surplus === 1 ? this.domain.identify(order) : undefined;
      return deadLetter("max_deliveries", "delivered too often and never decided", id);
    }
    const times = { queuedAtMs: BigInt(queuedAtMs(message)), decidedAtMs: BigInt(decidedAtMs) };
    try {
      return { verb: "confirm", ...this.domain.fulfil(order, times, LANE) };
    } catch (error) {
      // Any other error ends the instance, as a trap does. The batch stays pending and is split
      // when it is delivered again, so only the order that throws is dead-lettered.
      const { id, code, errors } = payload(error) as Rejection;
      return { verb: "dead", id, code, errors };
    }
  }
}

function deadLetter(code: string, message: string, id?: string): Outcome {
  return { verb: "dead", id, code, errors: JSON.stringify([{ code, path: "$", message }]) };
}
