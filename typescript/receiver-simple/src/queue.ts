// The queue, seen by the receiver of the simple lane: its keys, and how scripts are called.

import type { Script } from "queue:scripts";
import { type Argument, type Execute, QueueError, Reply, text } from "./redis.js";
import type { Settings } from "./settings.js";

/** The stream that is drained here. */
export const LANE = "simple";
/** A longer order is dead-lettered unread. */
export const MAX_ORDER_BYTES = 64 * 1024;

const STREAMS = ["ingress", LANE, "complex"];

/** The keys that scripts list under a name, where that is not the key's last part. */
const KEYS: Record<string, readonly string[]> = {
  results: ["confirmations"],
  bell: [`bell:${LANE}`],
  pause: [`pause:${LANE}`],
  unanswered: [`unanswered:${LANE}`],
  streams: STREAMS,
  bells: STREAMS.map((stream) => `bell:${stream}`),
};

export class Queue {
  /** The settings that scripts list. */
  private readonly values: Record<string, Argument>;

  constructor(
    private readonly execute: Execute,
    readonly settings: Settings,
  ) {
    this.values = {
      message: "order",
      id: "order_id",
      result: "confirmation",
      stream: STREAMS.indexOf(LANE) + 1,
      consumer: "spin",
      bell_ms: settings.bellMs,
      claim_idle_ms: settings.claimIdleMs,
      retention_ms: settings.retentionS * 1000,
    };
  }

  /**
   * Runs a script: its keys and settings first, as `common/head.lua` says, then `args`. `what` says
   * in an error what was being done.
   */
  run(script: Script, what: string, args: readonly Argument[]): Reply {
    const keys = script.keys.flatMap((name) => KEYS[name] ?? [name]).map((name) => this.key(name));
    const settings = script.settings.map((name) => {
      const value = this.values[name];
      if (value === undefined) {
        throw new Error(`the script needs the setting ${name}, which is unknown here`);
      }
      return value;
    });
    const call = [keys.length, ...keys, ...settings, ...args];
    try {
      try {
        return new Reply(what, this.execute("EVALSHA", [script.sha1, ...call]));
      } catch (error) {
        // A server that restarted, failed over or flushed its scripts does not know the hash.
        if (!text(error).includes("No matching script")) {
          throw error;
        }
        return new Reply(what, this.execute("EVAL", [script.source, ...call]));
      }
    } catch (error) {
      throw QueueError.from(what, error);
    }
  }

  /** Waits for an entry after this one, `$` for the newest; whether one came. */
  linger(since: string): boolean {
    const block = ["COUNT", 1, "BLOCK", this.settings.lingerMs, "STREAMS", this.key(LANE), since];
    const values = this.command("failed to wait for more", "XREAD", block);
    // For an empty reply some hosts return an empty list, others one nil.
    return values.some(({ tag }) => tag !== "nil");
  }

  /** Rings the bell for a successor, which has the rest to do. */
  handOver(): void {
    try {
      this.execute("HINCRBY", [this.key("metrics"), `out_of_time:${LANE}`, 1]);
    } catch {
      // A metric must not block an order.
    }
    this.command("failed to ring", "PUBLISH", [`${this.settings.queue}.${LANE}`, ""]);
  }

  /** The server's `maxmemory-policy`; undefined where the user may not ask. */
  evictionPolicy(): string | undefined {
    try {
      const memory = new Reply("", this.execute("INFO", ["memory"])).text();
      return /^maxmemory_policy:(.*)$/m.exec(memory)?.[1]?.trim();
    } catch {
      return undefined;
    }
  }

  private key(name: string): string {
    return `{${this.settings.queue}}:${name}`;
  }

  private command(what: string, command: string, args: readonly Argument[]): ReturnType<Execute> {
    try {
      return this.execute(command, args);
    } catch (error) {
      throw QueueError.from(what, error);
    }
  }
}
