// The tick: a regular call that repairs lost rings and frees memory.

import * as scripts from "queue:scripts";
import type { Queue } from "./queue.js";

/** From how many rings in a row that no claim followed a worker counts as deaf. */
const DEAF_AFTER = 3;

/** What a tick found in the lane, in the words of the HTTP answer. */
export interface Tick {
  /** Entries that were never delivered. */
  readonly waiting: number;
  /** Entries delivered and not acked. */
  readonly pending: number;
  readonly overdue: boolean;
  readonly rung: boolean;
  /** How many subscribers got the ring. */
  readonly heard: number;
  /** Rings in a row before this one, while work waited, that no claim followed. */
  readonly unanswered_rings: number;
  /** Confirmations dropped because they were kept for long enough. */
  readonly dropped: number;
  readonly paused: boolean;
  /** What Redis refused while the tick freed memory. */
  readonly refused: string | undefined;
}

/** Frees what is past retention, then rings the bell if work waits. */
export function tick(queue: Queue): Tick {
  const reply = queue.run(scripts.tick, "failed to tick", []);
  return {
    waiting: reply.int(),
    pending: reply.int(),
    overdue: reply.int() === 1,
    rung: reply.int() === 1,
    heard: reply.int(),
    unanswered_rings: reply.int(),
    dropped: reply.int(),
    paused: reply.int() === 1,
    refused: reply.text() || undefined,
  };
}

/** Whether work waits and no claim follows the rings: not subscribed, half open, or stuck. */
export const isDeaf = ({ unanswered_rings, paused, waiting, overdue }: Tick): boolean =>
  unanswered_rings >= DEAF_AFTER && !paused && (waiting > 0 || overdue);
