// The port to Redis: one command out, one flat list back.

import type { RedisResult } from "fermyon:spin/redis@2.0.0";

export type Argument = string | number | Uint8Array;
export type Value = RedisResult;

/**
 * Sends one command and waits for its reply, nested replies flattened into one list. Throws an error
 * in the words of Redis or of the host.
 */
export type Execute = (command: string, args: readonly Argument[]) => Value[];

/** Redis did not do what was asked. What was claimed stays pending and is delivered again. */
export class QueueError extends Error {
  constructor(
    what: string,
    readonly detail: string,
  ) {
    super(`${what}: ${detail}`);
  }

  /** What Redis or the host said while `what` was being done. */
  static from(what: string, error: unknown): QueueError {
    return new QueueError(what, text(error));
  }

  /** The stable code in HTTP answers. */
  get code(): string {
    // The command and key in the last brackets hold the name of the queue.
    const words = this.detail.replace(/^(.*) \([^)]*\)/s, "$1");
    return CODES.find(([known]) => known.test(words))?.[1] ?? "queue_unavailable";
  }
}

/** Words in an error's text, the only detail that Spin exposes; the first match counts. */
const CODES: [RegExp, string][] = [
  [/^unexpected reply/, "queue_refused"],
  [/FORMAT/, "queue_other_format"],
  [/OOM|used memory > 'maxmemory'/, "queue_out_of_memory"],
  [/BusyLoading|LOADING/, "queue_loading"],
  [/ReadOnly|READONLY|NOREPLICAS/, "queue_read_only"],
  [/WRONGTYPE|NOAUTH|NOPERM|NoPerm|WRONGPASS|MISCONF/, "queue_refused"],
  [/AuthenticationFailed|unauthenticated|NOGROUP|user_script/, "queue_refused"],
];

export const text = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** The bytes of an argument. Those of the bindings are of another realm, so `instanceof` fails. */
export const encode = (argument: Argument): Uint8Array =>
  typeof argument === "object" ? argument : ENCODER.encode(String(argument));

/** Takes a flat reply apart, element by element. */
export class Reply {
  private at = 0;

  constructor(
    private readonly what: string,
    private readonly values: readonly Value[],
  ) {}

  get isEmpty(): boolean {
    return this.at === this.values.length;
  }

  int(): number {
    const value = this.values[this.at++];
    return value?.tag === "int64" ? Number(value.val) : this.unexpected("a number", value);
  }

  text(): string {
    const value = this.values[this.at++];
    switch (value?.tag) {
      case "binary":
        return DECODER.decode(value.val);
      case "status":
        return value.val;
      default:
        return this.unexpected("bytes", value);
    }
  }

  /** Bytes, or a number in their place. */
  bytesOrInt(): Uint8Array | number {
    const value = this.values[this.at++];
    switch (value?.tag) {
      case "binary":
        return value.val;
      case "int64":
        return Number(value.val);
      default:
        return this.unexpected("a message", value);
    }
  }

  /** Names the kind of value only: a value may hold personal data. */
  private unexpected(expected: string, found: Value | undefined): never {
    const kinds = { nil: "nil", status: "a status", int64: "a number", binary: "bytes" };
    const kind = found ? kinds[found.tag] : "nothing";
    const detail = `unexpected reply from redis, expected ${expected}, found ${kind}`;
    throw new QueueError(this.what, detail);
  }
}
