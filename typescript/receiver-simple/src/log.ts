// The log of a drain: a line of JSON for the drain, for each dead letter and each traced order. A
// line has codes, the lane, entry ids, order ids and traces, and nothing else of an order.

import type { Commit } from "./batch.js";
import type { Tally } from "./drain.js";
import { type Decided, waitMs } from "./message.js";
import { LANE } from "./queue.js";
import { SettingError, type Variables } from "./settings.js";

export const COMPONENT = "receiver-simple";

const LEVELS = ["error", "warn", "info", "debug"] as const;
/** How much is written: a level and all that are more severe. */
type Level = (typeof LEVELS)[number];

/** Most traces that the line of one drain names. */
const MAX_TRACES = 16;

export function readLevel(variable: Variables): Level {
  const found = variable("log_level");
  const level = LEVELS.find((known) => known === found.trim());
  if (level === undefined) {
    throw SettingError.wrong("log_level", "error, warn, info or debug", found);
  }
  return level;
}

/** The log of one drain. */
export class Log {
  private oldestWaitMs = 0;
  private readonly traces = new Set<string>();

  constructor(
    private readonly level: Level,
    private readonly print: (line: string) => void,
  ) {}

  /** Writes the lines of a committed batch; often none. */
  committed(batch: readonly Decided[], { supersededEntries }: Commit): void {
    // Messages are in the order of their entries, so the first is the oldest.
    const [first] = batch;
    this.oldestWaitMs = Math.max(this.oldestWaitMs, first ? waitMs(first.message) : 0);
    for (const { message, outcome } of batch) {
      const { entryId: entry_id, trace } = message;
      if (supersededEntries.has(message.entryId)) {
        continue;
      }
      if (trace !== undefined && this.traces.size < MAX_TRACES) {
        this.traces.add(traceId(trace));
      }
      if (outcome.verb === "dead") {
        this.write("warn", "dead_lettered", {
          entry_id,
          id: outcome.id ?? null,
          code: outcome.code,
          delivery_count: message.deliveryCount,
          trace_id: trace === undefined ? null : traceId(trace),
        });
      } else if (trace !== undefined) {
        const wait_ms = waitMs(message);
        const line = { lane: LANE, entry_id, id: outcome.id, wait_ms, traceparent: trace };
        this.write("debug", "confirmed", line);
      }
    }
  }

  /** Writes the line of the drain. */
  end(tally: Tally, elapsedMs: number): void {
    this.write(tally.isIdle ? "debug" : "info", "drained", {
      elapsed_ms: Math.floor(elapsedMs),
      oldest_wait_ms: this.oldestWaitMs,
      tally,
      ...(this.traces.size > 0 && { trace_ids: [...this.traces].sort() }),
    });
  }

  private write(level: Level, event: string, fields: object): void {
    if (LEVELS.indexOf(level) <= LEVELS.indexOf(this.level)) {
      const line = { level, event, component: COMPONENT, stream: LANE, ...fields };
      this.print(JSON.stringify(line));
    }
  }
}

const traceId = (trace: string): string => trace.slice(3, 35);
