// The counters of a commit in the hash `metrics`. A field is `<what>:<stream>:<bucket>`, where a
// bucket is named after its upper bound, or is `sum`.

import { type Decided, queuedAtMs, waitMs } from "./message.js";
import { LANE } from "./queue.js";

const WAIT_BOUNDS_MS = [
  1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000,
  1_800_000,
];
const BATCH_BOUNDS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];

/** Each field and by how much it is raised. */
export function metricsOf(batch: readonly Decided[]): [string, number][] {
  const confirmed = batch.filter(({ outcome }) => outcome.verb === "confirm");
  const waits = batch.map(({ message }) => waitMs(message));
  const done = confirmed.map(({ message }) => message.decidedAtMs - queuedAtMs(message));
  return [
    ...histogram("batch", BATCH_BOUNDS, [batch.length]),
    ...histogram("wait", WAIT_BOUNDS_MS, waits),
    ...histogram("done", WAIT_BOUNDS_MS, done),
  ];
}

function histogram(what: string, bounds: readonly number[], values: readonly number[]) {
  const fields = new Map<string, number>();
  for (const value of values) {
    const bucket = bounds.find((bound) => value <= bound) ?? "inf";
    for (const [name, by] of [[bucket, 1] as const, ["sum", value] as const]) {
      const field = `${what}:${LANE}:${name}`;
      fields.set(field, (fields.get(field) ?? 0) + by);
    }
  }
  return [...fields].filter(([, by]) => by > 0);
}
