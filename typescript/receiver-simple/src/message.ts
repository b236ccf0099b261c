/** A message that was claimed. */
export interface Message {
  /** Position of its entry in the batch: messages of one entry share it. */
  readonly entry: number;
  readonly entryId: string;
  /** How often that entry was delivered, this time included. */
  readonly deliveryCount: number;
  /** The id that the order had in ingress. */
  readonly ingressId: string;
  /** The order; its length if it is too long, less than 0 if the entry has none. */
  readonly order: Uint8Array | number;
  /** The `traceparent` that the order came with. */
  readonly trace: string | undefined;
  /** When it was claimed, in Unix ms by the clock of Redis. */
  readonly decidedAtMs: number;
}

/** What becomes of a message: a row of `commit.lua`. */
export type Outcome =
  | { readonly verb: "confirm"; readonly id: string; readonly confirmation: Uint8Array }
  | {
      readonly verb: "dead";
      /** Where it could be read. */
      readonly id: string | undefined;
      readonly code: string;
      /** All errors as JSON. */
      readonly errors: string;
    };

export interface Decided {
  readonly message: Message;
  readonly outcome: Outcome;
}

/** The time in an entry id; undefined where the text is no entry id. */
export function milliseconds(entryId: string): number | undefined {
  const ms = /^(\d+)-\d+$/.exec(entryId)?.[1];
  return ms === undefined || BigInt(ms) >= 1n << 63n ? undefined : Number(ms);
}

/** When it was enqueued. Never later than the claim, even if the clock of Redis was ahead. */
export const queuedAtMs = ({ ingressId, decidedAtMs }: Message): number =>
  Math.min(milliseconds(ingressId) ?? decidedAtMs, decidedAtMs);

/** How long its entry was in the lane. */
export const waitMs = ({ entryId, decidedAtMs }: Message): number =>
  Math.max(decidedAtMs - (milliseconds(entryId) ?? decidedAtMs), 0);

const TRACE = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/s;

/**
 * Reads a `traceparent` strictly by W3C Trace Context, section 3.2. Of a later version, the part
 * that all versions share goes on as version 00.
 */
export function readTrace(value: string): string | undefined {
  const [, version = "ff", trace = "", parent = "", flags = "", rest] = TRACE.exec(value) ?? [];
  if (version === "ff" || /^0+$/.test(trace) || /^0+$/.test(parent)) {
    return undefined;
  }
  if (version === "00") {
    return rest === undefined ? value : undefined;
  }
  const isSampled = parseInt(flags, 16) & 1;
  return `00-${trace}-${parent}-0${isSampled}`;
}

/**
 * Ingress id and trace of a message. Anybody may write the label: what is no entry id, or no trace,
 * is not carried on.
 */
export function readLabel(label: string, entryId: string): Pick<Message, "ingressId" | "trace"> {
  const [id = "", trace = ""] = label.split(/ (.*)/s);
  const ingressId = milliseconds(id) === undefined ? entryId : id;
  return { ingressId, trace: readTrace(trace) };
}
