import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { QueueError } from "../src/redis.js";
import { DOMAIN, Receiver, order } from "./support.js";

const TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

let receiver: Receiver;
beforeEach(() => {
  receiver = new Receiver();
});
afterEach(() => receiver.redis.stop());

test("each order of a lane is confirmed, and nothing is left", () => {
  receiver.add("5-1", order("a"), "6-1", order("b"));
  receiver.add("7-1", order("c"));
  receiver.bell();
  assert.deepEqual(receiver.confirmations, [
    "a simple 5 true",
    "b simple 6 true",
    "c simple 7 true",
  ]);
  assert.deepEqual(receiver.tally, { batches: 1, applied: 3, confirmed: 3 });
  assert.equal(receiver.length("simple"), 0);
  assert.deepEqual(receiver.redis.ask("XPENDING", "{orders}:simple", "workers").slice(0, 1), [0]);
  const totals = receiver.redis.hash("{orders}:totals");
  assert.equal(totals["confirmed_simple"], "3");
  assert.equal(totals["entries_simple"], "2");
  assert.equal(totals["applied_simple:spin"], "3");
  const record = receiver.redis.hash("{orders}:index")["b"];
  assert.match(record ?? "", /^confirmed \d+-\d+ 6-1 simple \d+-\d+ 0 - -$/);
  const metrics = receiver.redis.hash("{orders}:metrics");
  assert.equal(metrics["batch:simple:5"], "1");
  assert.equal(metrics["batch:simple:sum"], "3");
  assert.equal(metrics["done:simple:inf"], "3");
  assert.equal(metrics["drains:simple"], "1");
});

test("a batch is at most batch_size orders and one entry more", () => {
  receiver.variables["batch_size"] = "2";
  for (const id of ["a", "b", "c"]) {
    receiver.add(`${id.charCodeAt(0)}-1`, order(id));
  }
  receiver.bell();
  assert.deepEqual(receiver.tally, { batches: 2, applied: 3, confirmed: 3 });
  assert.equal(receiver.redis.hash("{orders}:metrics")["drains:simple"], "1");
});

test("long results are committed in parts, and each is logged once", () => {
  const fulfil: typeof receiver.domain.fulfil = (...order) => {
    const { id, confirmation } = DOMAIN.fulfil(...order);
    const long = new Uint8Array(3_000_000);
    long.set(confirmation);
    return { id, confirmation: long };
  };
  receiver.domain = { ...DOMAIN, fulfil };
  const ids = ["a", "b", "c", "d", "e"];
  const entries = ids.map((id) => receiver.add(`${id.charCodeAt(0)}-1 ${TRACE}`, order(id)));
  let commits = 0;
  receiver.before = (command, args) => {
    // A commit has many more arguments than a claim.
    if (command === "EVALSHA" && args.length > 40) {
      commits += 1;
      if (commits === 1) {
        // Another drain has the fourth, which is of the second part.
        receiver.redis.ask("XACK", "{orders}:simple", "workers", String(entries[3]));
        receiver.redis.ask("XDEL", "{orders}:simple", String(entries[3]));
      }
    }
  };
  receiver.bell();
  assert.deepEqual(receiver.tally, { batches: 3, applied: 4, confirmed: 4, superseded: 1 });
  const logged = receiver.lines.filter(({ event }) => event === "confirmed");
  assert.deepEqual(
    logged.map(({ id }) => id),
    ["a", "b", "c", "e"],
  );
});

test("a second copy is dropped as a duplicate", () => {
  receiver.add("5-1", order("a"), "6-1", order("a"));
  receiver.bell();
  assert.deepEqual(receiver.tally, { batches: 1, applied: 2, confirmed: 1, duplicates: 1 });
  assert.deepEqual(receiver.confirmations, ["a simple 5 true"]);
});

test("an order that the domain rejects is dead-lettered with the errors", () => {
  const entry = receiver.add("5-1", order("a", { reject: true }), "6-1", order("b"));
  receiver.bell();
  assert.deepEqual(receiver.tally, { batches: 1, applied: 2, confirmed: 1, dead_lettered: 1 });
  const { code, errors, order_id, stream, ingress } = receiver.deadLetter;
  assert.deepEqual([code, errors, order_id], ["unknown_value", "[]", "a"]);
  assert.deepEqual([stream, ingress], ["simple", "5-1"]);
  assert.deepEqual(receiver.lines[0], {
    level: "warn",
    event: "dead_lettered",
    component: "receiver-simple",
    stream: "simple",
    entry_id: entry,
    id: "a",
    code: "unknown_value",
    delivery_count: 1,
    trace_id: null,
  });
});

test("an order that is too long is dead-lettered unread and kept whole", () => {
  const long = "x".repeat(65_537);
  receiver.add("5-1", long);
  receiver.bell();
  const { code, errors, order: kept } = receiver.deadLetter;
  assert.equal(code, "order_too_large");
  const text = "65537 bytes, at most 65536 are allowed";
  assert.equal(errors, `[{"code":"order_too_large","path":"$","message":"${text}"}]`);
  assert.equal(kept, long);
});

test("what another drain has committed meanwhile is not applied again", () => {
  const gone = receiver.add("5-1", order("a", { reject: true }), "6-1", order("b"));
  receiver.add("7-1", order("c"), "8-1", order("d", { reject: true }));
  receiver.before = (_, args) => {
    if (args.includes("+dead")) {
      receiver.redis.ask("XACK", "{orders}:simple", "workers", gone);
      receiver.redis.ask("XDEL", "{orders}:simple", gone);
    }
  };
  receiver.bell();
  const done = { batches: 1, applied: 2, superseded: 2, confirmed: 1, dead_lettered: 1 };
  assert.deepEqual(receiver.tally, done);
  assert.deepEqual(receiver.confirmations, ["c simple 7 true"]);
  const logged = receiver.lines.filter(({ event }) => event === "dead_lettered");
  assert.deepEqual(
    logged.map(({ id }) => id),
    ["d"],
  );
});

test("an order that throws ends alone in the dead letters, under its id", () => {
  receiver.add("5-1", order("a"), "6-1", order("p", { throw: true }), "7-1", order("c"));
  let deaths = 0;
  for (let drains = 0; receiver.length("simple") > 0 && drains < 10; drains += 1) {
    try {
      receiver.bell();
    } catch (error) {
      assert.equal((error as Error).message, "poison");
      deaths += 1;
    }
    receiver.pass();
  }
  // Of the batch, of its parts, and of itself alone.
  assert.equal(deaths, 3);
  assert.deepEqual(receiver.confirmations.sort(), ["a simple 5 true", "c simple 7 true"]);
  const { code, order_id, delivery_count } = receiver.deadLetter;
  assert.deepEqual([code, order_id, delivery_count], ["max_deliveries", "p", "3"]);
  assert.equal(receiver.length("dead-letters"), 1);
});

test("an order whose id cannot be read either is dead-lettered without it", () => {
  receiver.add("5-1", order("p", { throw: true }));
  let looks = 0;
  const identify = () => {
    looks += 1;
    throw new Error("poison");
  };
  receiver.domain = { ...receiver.domain, identify };
  for (let drains = 0; receiver.length("simple") > 0 && drains < 10; drains += 1) {
    assert.doesNotMatch((receiver.deadLetter["code"] as string | undefined) ?? "", /./);
    try {
      receiver.bell();
    } catch {
      receiver.pass();
    }
  }
  const { code, order_id, delivery_count } = receiver.deadLetter;
  assert.deepEqual([code, order_id, delivery_count], ["max_deliveries", undefined, "4"]);
  assert.equal(looks, 1);
});

test("a redelivered batch is split, and its parts are counted", () => {
  receiver.add("5-1", order("a"), "6-1", order("b"));
  receiver.redis.ask("XGROUP", "CREATE", "{orders}:simple", "workers", "0");
  const read = ["GROUP", "workers", "spin", "STREAMS", "{orders}:simple", ">"];
  receiver.redis.ask("XREADGROUP", ...read);
  receiver.pass();
  receiver.bell();
  assert.deepEqual(receiver.tally, { batches: 1, applied: 2, confirmed: 2, split: 1 });
  receiver.add("7-1", order("c"));
  receiver.redis.ask("XREADGROUP", ...read);
  receiver.pass();
  receiver.bell();
  assert.deepEqual(receiver.tally, { batches: 1, applied: 1, confirmed: 1, redelivered: 1 });
});

test("a pending entry that somebody deleted is counted", () => {
  const gone = receiver.add("5-1", order("a"));
  receiver.redis.ask("XGROUP", "CREATE", "{orders}:simple", "workers", "0");
  receiver.redis.ask("XREADGROUP", "GROUP", "workers", "spin", "STREAMS", "{orders}:simple", ">");
  receiver.redis.ask("XDEL", "{orders}:simple", gone);
  receiver.pass();
  receiver.bell();
  assert.deepEqual(receiver.tally, { vanished: 1 });
});

test("a drain that is out of time rings for its successor", () => {
  receiver.variables["batch_size"] = "1";
  receiver.add("5-1", order("a"));
  receiver.add("6-1", order("b"));
  const rings: unknown[] = [];
  receiver.before = (command, args) => {
    receiver.nowMs += 5_000;
    if (command === "PUBLISH") {
      rings.push(args);
    }
  };
  receiver.bell();
  assert.deepEqual(receiver.tally, { batches: 1, applied: 1, confirmed: 1, out_of_time: true });
  assert.deepEqual(rings, [["orders.simple", ""]]);
  assert.equal(receiver.redis.hash("{orders}:metrics")["out_of_time:simple"], "1");
  assert.equal(receiver.length("simple"), 1);
});

test("a drain that found work waits for more", async () => {
  receiver.variables["linger_ms"] = "1000";
  // The lane is busy, however slowly this runs.
  receiver.redis.ask("HSET", "{orders}:format", "clock_ms:simple", String(Date.now() + 60_000));
  receiver.add("5-1", order("a"));
  // Started beforehand, because a start may take longer than the drain waits.
  const other = spawn("redis-cli", ["-s", receiver.redis.path]);
  other.stdin.end(`BLPOP go 0\nBLPOP never 0.1\nXADD {orders}:simple * 6-1 '${order("b")}'\n`);
  while (!String(receiver.redis.ask("INFO", "clients")).includes("blocked_clients:1")) {
    await setTimeout(10);
  }
  receiver.before = (command) => {
    if (command === "XREAD" && receiver.confirmations.length === 1) {
      receiver.redis.ask("LPUSH", "go", "1");
    }
  };
  receiver.bell();
  assert.deepEqual(receiver.tally, { batches: 2, applied: 2, confirmed: 2 });
  assert.equal(receiver.commands.filter((command) => command === "XREAD").length, 2);
  assert.deepEqual(receiver.redis.ask("EXISTS", "{orders}:bell:simple"), [0]);
});

test("a drain that found nothing does not wait, and its line is for debugging", () => {
  receiver.variables["linger_ms"] = "1000";
  receiver.bell();
  assert.deepEqual(receiver.commands, ["EVALSHA", "EVAL"]);
  const [line] = receiver.lines;
  assert.deepEqual([line?.["event"], line?.["level"]], ["drained", "debug"]);
  receiver.variables["log_level"] = "info";
  receiver.bell();
  assert.equal(receiver.lines.length, 1);
});

test("a paused lane is left alone", () => {
  receiver.add("5-1", order("a"));
  receiver.redis.ask("SET", "{orders}:pause:simple", "0 test");
  receiver.bell();
  assert.equal(receiver.length("simple"), 1);
  assert.deepEqual(receiver.tally, {});
});

test("the source of a script is sent only to a server that does not know it", () => {
  receiver.bell();
  receiver.bell();
  assert.deepEqual(receiver.commands, ["EVALSHA", "EVAL", "EVALSHA"]);
  receiver.redis.ask("SCRIPT", "FLUSH");
  receiver.bell();
  assert.deepEqual(receiver.commands.slice(3), ["EVALSHA", "EVAL"]);
});

test("when a commit fails, the drain reports it and the batch is delivered again", () => {
  receiver.add("5-1", order("a"));
  receiver.before = (_, args) => {
    if (args.includes("confirm")) {
      throw new Error("Connection refused (os error 111)");
    }
  };
  assert.throws(
    () => {
      receiver.bell();
    },
    (error) =>
      error instanceof QueueError &&
      error.message === "failed to commit: Connection refused (os error 111)",
  );
  assert.equal(receiver.lines.length, 1, "the line of the drain is written");
  receiver.before = () => undefined;
  receiver.pass();
  receiver.bell();
  assert.deepEqual(receiver.confirmations, ["a simple 5 true"]);
});

test("a commit that Redis refuses leaves the batch pending and names the command", () => {
  receiver.add("5-1", order("a"));
  receiver.redis.ask("SET", "{orders}:confirmations", "not a stream");
  assert.throws(() => {
    receiver.bell();
  }, /^Error: failed to commit: WRONGTYPE .* \(XADD \{orders\}:confirmations\)/);
  assert.equal(receiver.length("simple"), 1);
});

test("a trace goes with its order into the confirmation and the log", () => {
  receiver.add(`5-1 ${TRACE}`, order("a"), "no id and no trace", order("b"));
  receiver.bell();
  const confirmations = receiver.redis.ask("XRANGE", "{orders}:confirmations", "-", "+");
  assert.equal(confirmations.filter((field) => field === TRACE).length, 1);
  const [confirmed, drained] = receiver.lines;
  assert.equal(receiver.lines.length, 2);
  assert.deepEqual([confirmed?.["event"], confirmed?.["traceparent"]], ["confirmed", TRACE]);
  assert.deepEqual(drained?.["trace_ids"], ["4bf92f3577b34da6a3ce929d0e0e4736"]);
});
