import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { QueueError } from "../src/redis.js";
import { Receiver, order } from "./support.js";

let receiver: Receiver;
beforeEach(() => {
  receiver = new Receiver();
});
afterEach(() => receiver.redis.stop());

const IDLE = {
  waiting: 0,
  pending: 0,
  overdue: false,
  rung: false,
  heard: 0,
  unanswered_rings: 0,
  dropped: 0,
  paused: false,
};

test("a tick reports an idle lane and rings for a waiting order", async () => {
  assert.deepEqual(await receiver.tick().json(), IDLE);
  receiver.add("5-1", order("a"));
  const answer = receiver.tick("HEAD");
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("content-type"), "application/json");
  assert.deepEqual(await answer.json(), { ...IDLE, waiting: 1, rung: true });
});

test("after three rings that no claim followed the answer is 503", async () => {
  receiver.variables["bell_ms"] = "1";
  receiver.add("5-1", order("a"));
  const statuses = [1, 2, 3, 4].map(() => {
    receiver.pass();
    return receiver.tick().status;
  });
  assert.deepEqual(statuses, [200, 200, 200, 503]);
  assert.match(receiver.errors.join(), /"level":"warn".*"3 rings were not answered"/);
  receiver.bell();
  assert.equal(receiver.tick().status, 200);
  receiver.redis.ask("SET", "{orders}:pause:simple", "0 test");
  const paused = (await receiver.tick().json()) as { paused: boolean };
  assert.equal(paused.paused, true);
});

test("an entry that is overdue is rung for", async () => {
  receiver.add("5-1", order("a"));
  receiver.redis.ask("XGROUP", "CREATE", "{orders}:simple", "workers", "0");
  receiver.redis.ask("XREADGROUP", "GROUP", "workers", "spin", "STREAMS", "{orders}:simple", ">");
  receiver.pass();
  const { waiting, pending, overdue, rung } = (await receiver.tick().json()) as typeof IDLE;
  assert.deepEqual([waiting, pending, overdue, rung], [0, 1, true, true]);
});

test("what Redis refuses while memory is freed is in the answer and in the log", async () => {
  receiver.redis.ask("SET", "{orders}:confirmations", "not a stream");
  const { refused } = (await receiver.tick().json()) as { refused: string };
  assert.match(refused, /WRONGTYPE/);
  assert.match(receiver.errors.join(), /failed to free what is past retention: WRONGTYPE/);
});

test("a maxmemory-policy that drops orders is warned about", () => {
  receiver.tick();
  assert.deepEqual(receiver.errors, []);
  receiver.redis.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
  assert.equal(receiver.tick().status, 200);
  assert.match(receiver.errors.join(), /maxmemory-policy allkeys-lru may drop/);
});

test("other methods, wrong variables and a Redis that fails have a code", async () => {
  const put = receiver.tick("PUT");
  assert.equal(put.status, 405);
  assert.equal(put.headers.get("allow"), "GET, HEAD");
  receiver.before = () => {
    throw new Error("Connection refused (os error 111)");
  };
  const away = receiver.tick();
  assert.equal(away.status, 503);
  assert.deepEqual(await away.json(), { status: 503, code: "queue_unavailable" });
  receiver.variables["log_level"] = " info ";
  assert.equal(receiver.tick().status, 503);
  for (const [variable, expected] of [
    ["log_level", "error, warn"],
    ["batch_size", "a whole number"],
  ] as const) {
    receiver.variables[variable] = "lots";
    const wrong = receiver.tick();
    assert.equal(wrong.status, 500);
    assert.deepEqual(await wrong.json(), { status: 500, code: "misconfigured" });
    assert.ok(receiver.errors.join().includes(`variable ${variable}: expected ${expected}`));
    receiver.variables["log_level"] = "info";
  }
});

test("failures of Redis are told apart by the text", () => {
  const server = "An error was signalled by the server";
  for (const [text, code] of [
    ["Connection refused (os error 111)", "queue_unavailable"],
    [`${server} - BusyLoadingError: Redis is loading`, "queue_loading"],
    [`${server} - ReadOnly: You can't write`, "queue_read_only"],
    ["OOM: command not allowed when used memory > 'maxmemory'.", "queue_out_of_memory"],
    ["WRONGTYPE: Operation against a key (XADD {OOM}:simple)", "queue_refused"],
    ["FORMAT: the queue holds data of format 1", "queue_other_format"],
    ["ResponseError: Protocol error: unauthenticated multibulk length", "queue_refused"],
    ["Password authentication failed- AuthenticationFailed", "queue_refused"],
    ["unexpected reply from redis, expected a number, found nil", "queue_refused"],
  ] as const) {
    assert.equal(new QueueError("failed", text).code, code, text);
  }
});
