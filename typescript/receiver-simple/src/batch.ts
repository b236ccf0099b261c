// One batch: claimed by `claim.lua`, committed by `commit.lua`. The headers of the scripts describe
// arguments and replies.

import * as scripts from "queue:scripts";
import { type Decided, type Message, readLabel } from "./message.js";
import { metricsOf } from "./metrics.js";
import { MAX_ORDER_BYTES, type Queue } from "./queue.js";
import type { Argument } from "./redis.js";

export interface Claimed {
  /** Time since the last claim that handed something out, or a tick after it. */
  readonly sinceMs: number;
  /** Pending entries that somebody had deleted. */
  readonly vanished: number;
  /** Overdue entries that were split into one for each message. */
  readonly split: number;
  readonly messages: Message[];
}

/** What a commit did, in messages. */
export interface Commit {
  readonly applied: number;
  readonly superseded: number;
  readonly routed: number;
  readonly confirmed: number;
  readonly dead_lettered: number;
  readonly duplicates: number;
  /** Nothing is left in the lane. */
  readonly isLaneEmpty: boolean;
  /** The ids of the entries that another drain had committed. */
  readonly supersededEntries: Set<string>;
}

/**
 * The next batch; empty when nothing is waiting and nothing overdue, or the lane is paused. Then the
 * bell stays silent for `holdMs`.
 */
export function claim(queue: Queue, isFirst: boolean, holdMs: number): Claimed {
  const args = [queue.settings.batchSize, MAX_ORDER_BYTES, isFirst ? 1 : 0, holdMs];
  const reply = queue.run(scripts.claim, "failed to claim", args);
  const decidedAtMs = reply.int();
  const claimed: Claimed = {
    sinceMs: reply.int(),
    vanished: reply.int(),
    split: reply.int(),
    messages: [],
  };
  const deliveryCount = reply.int();
  let entry = -1;
  let entryId = "";
  while (!reply.isEmpty) {
    const id = reply.text();
    if (id !== "") {
      entry += 1;
      entryId = id;
    }
    const label = readLabel(reply.text(), entryId);
    const order = reply.bytesOrInt();
    claimed.messages.push({ entry, entryId, deliveryCount, ...label, order, decidedAtMs });
  }
  return claimed;
}

/**
 * Applies what was decided for each message of a batch. If the lane is empty afterwards, its bell
 * stays silent for `holdMs`.
 */
export function commit(
  queue: Queue,
  batch: readonly Decided[],
  first: Message,
  holdMs: number,
): Commit {
  const isNew = ({ message }: Decided, at: number) =>
    message.entry !== batch[at - 1]?.message.entry;
  const entries = batch.filter(isNew).map(({ message }) => message.entryId);
  const metrics = metricsOf(batch);
  const args: Argument[] = [
    first.deliveryCount - 1,
    entries.length,
    metrics.length,
    holdMs,
    ...entries,
    ...metrics.flat(),
    ...batch.flatMap((decided, at) => row(decided, isNew(decided, at) ? "" : "+")),
  ];
  const reply = queue.run(scripts.commit, "failed to commit", args);
  const supersededEntries = new Set<string>();
  const done: Commit = {
    applied: reply.int(),
    superseded: reply.int(),
    routed: reply.int(),
    confirmed: reply.int(),
    dead_lettered: reply.int(),
    duplicates: reply.int(),
    isLaneEmpty: reply.int() === 1,
    supersededEntries,
  };
  while (!reply.isEmpty) {
    supersededEntries.add(entries[reply.int() - 1] ?? "");
  }
  return done;
}

function row({ message, outcome }: Decided, same: string): Argument[] {
  const { ingressId, entryId, trace } = message;
  const own = ingressId === entryId ? "" : ingressId;
  const label = trace === undefined ? own : `${ingressId} ${trace}`;
  return outcome.verb === "confirm"
    ? [`${same}confirm`, outcome.id, label, "", outcome.confirmation]
    : [`${same}dead`, outcome.id ?? "", label, outcome.code, outcome.errors];
}
