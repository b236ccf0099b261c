// A domain in plain TypeScript, and a receiver on a private Redis.

import { runInNewContext } from "node:vm";
import type { Domain } from "../src/drain.js";
import type { Argument } from "../src/redis.js";
import { type Host, onBell, onTick } from "../src/worker.js";
import { TestRedis } from "./redis.js";

export const VARIABLES: Record<string, string> = {
  redis_url: "redis://127.0.0.1:6379",
  queue: "orders",
  batch_size: "200",
  claim_idle_ms: "10",
  max_deliveries: "2",
  drain_budget_ms: "5000",
  bell_ms: "1000",
  log_level: "debug",
  retention_s: "86400",
  linger_ms: "0",
};

// What the bindings throw and return is of another realm.
const returned = (payload: unknown): Error =>
  Object.assign(runInNewContext("new Error()") as Error, { payload });

const foreign = runInNewContext("(bytes) => Uint8Array.from(bytes)") as (
  bytes: Uint8Array,
) => Uint8Array;

/**
 * Confirms an order `{"id": ...}` with its id and times, rejects `{"id": ..., "reject": true}`, and
 * does not survive `{"id": ..., "throw": true}`.
 */
export const DOMAIN: Domain = {
  fulfil(bytes, { queuedAtMs, decidedAtMs }, lane) {
    const order = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    const id = String(order["id"]);
    if (order["throw"]) {
      throw new Error("poison");
    }
    if (order["reject"]) {
      throw returned({ id, code: "unknown_value", errors: "[]" });
    }
    const confirmation = `${id} ${lane} ${queuedAtMs} ${decidedAtMs > 1_000_000_000_000n}`;
    return { id, confirmation: foreign(new TextEncoder().encode(confirmation)) };
  },
  identify: (bytes) => /"id":"(\w+)"/.exec(new TextDecoder().decode(bytes))?.[1],
};

export class Receiver {
  readonly redis = new TestRedis();
  readonly lines: Record<string, unknown>[] = [];
  readonly errors: string[] = [];
  readonly commands: string[] = [];
  readonly variables = { ...VARIABLES };
  nowMs = 0;
  domain = DOMAIN;
  /** Called before each command. */
  before: (command: string, args: readonly Argument[]) => void = () => undefined;

  private readonly host: Host = {
    variable: (name) => this.variables[name] ?? "",
    connect: () => (command, args) => {
      this.commands.push(command);
      this.before(command, args);
      return this.redis.execute(command, args);
    },
    nowMs: () => this.nowMs,
    print: (line) => {
      this.lines.push(JSON.parse(line) as Record<string, unknown>);
    },
    printError: (line) => {
      this.errors.push(line);
    },
  };

  constructor() {
    // Without a mark, a lane that is not empty holds data of another version.
    this.redis.ask("HSET", "{orders}:format", "version", "2");
  }

  bell(): void {
    onBell(this.host, this.domain);
  }

  tick(method = "GET"): Response {
    return onTick(this.host, method);
  }

  /** Adds an entry to the lane: ingress ids, with a trace where there is one, and orders. */
  add(...fields: string[]): string {
    return String(this.redis.ask("XADD", "{orders}:simple", "*", ...fields)[0]);
  }

  /** What the last drain did that is not zero. */
  get tally(): Record<string, unknown> {
    const drained = this.lines.filter(({ event }) => event === "drained").at(-1);
    const counts = Object.entries(drained?.["tally"] ?? {}).filter(([, count]) => count);
    return Object.fromEntries(counts);
  }

  get confirmations(): string[] {
    const flat = this.redis.ask("XRANGE", "{orders}:confirmations", "-", "+");
    return flat.filter((_, at) => flat[at - 1] === "confirmation").map(String);
  }

  /** The last dead letter. */
  get deadLetter(): Record<string, unknown> {
    const [, ...flat] = this.redis.ask("XREVRANGE", "{orders}:dead-letters", "+", "-", "COUNT", 1);
    const pairs = flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1]]] : []));
    return Object.fromEntries(pairs) as Record<string, unknown>;
  }

  length(stream: string): number {
    return Number(this.redis.ask("XLEN", `{orders}:${stream}`)[0]);
  }

  /** Waits until what is pending is overdue. */
  pass(): void {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
  }
}

export const order = (id: string, fields: object = {}): string => JSON.stringify({ id, ...fields });
