import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as scripts from "queue:scripts";
import { claim } from "../src/batch.js";
import { Drain, Tally } from "../src/drain.js";
import {
  type Decided,
  type Message,
  queuedAtMs,
  readLabel,
  readTrace,
  waitMs,
} from "../src/message.js";
import { metricsOf } from "../src/metrics.js";
import { Queue } from "../src/queue.js";
import type { Argument, Value } from "../src/redis.js";
import { SettingError, readSettings } from "../src/settings.js";
import { Log, readLevel } from "../src/log.js";
import { DOMAIN, VARIABLES } from "./support.js";

const settings = () => readSettings((name) => VARIABLES[name] ?? "");
const int = (number: number): Value => ({ tag: "int64", val: BigInt(number) });
const bytes = (text: string): Value => ({ tag: "binary", val: new TextEncoder().encode(text) });

test("the scripts are byte for byte those of the queue", () => {
  const known = readFileSync("../../shared/queue/src/lua/receiver.sha1", "utf8");
  const built = Object.entries(scripts).map(([name, { sha1 }]) => `${sha1}  ${name}.lua\n`);
  assert.equal(built.join(""), known);
});

test("a variable that is wrong is named with what is expected", () => {
  for (const [name, value, expected] of [
    ["queue", "", "1 to 64 letters, digits, '-', '_' or '.', found \"\""],
    ["queue", "a b", "1 to 64 letters, digits, '-', '_' or '.', found \"a b\""],
    ["batch_size", "lots", 'a whole number from 1 to 1000, found "lots"'],
    ["batch_size", "1001", 'a whole number from 1 to 1000, found "1001"'],
    ["claim_idle_ms", "9", 'a whole number from 10 to 86400000, found "9"'],
    ["max_deliveries", "0", 'a whole number from 1 to 1000, found "0"'],
    ["drain_budget_ms", "1.5", 'a whole number from 1 to 600000, found "1.5"'],
    ["bell_ms", "-1", 'a whole number from 1 to 60000, found "-1"'],
    ["retention_s", "1e3", 'a whole number from 1 to 31536000, found "1e3"'],
    ["linger_ms", "1001", 'a whole number from 0 to 1000, found "1001"'],
    ["log_level", "loud", 'error, warn, info or debug, found "loud"'],
  ] as const) {
    const variable = (asked: string) => (asked === name ? value : (VARIABLES[asked] ?? ""));
    const message = `variable ${name}: expected ${expected}`;
    const read = () => {
      readLevel(variable);
      readSettings(variable);
    };
    assert.throws(read, (error) => error instanceof SettingError && error.message === message);
  }
  const padded = readSettings((name) => ` +0${VARIABLES[name] ?? ""} `.replace(/ .*orders /, "q"));
  assert.deepEqual(padded, { ...settings(), queue: "q" });
});

test("keys and settings are sent in the order in which the script lists them", () => {
  let sent: readonly Argument[] = [];
  const queue = new Queue((_, args) => {
    sent = args;
    return [1, 0, 0, 0, 1].map(int);
  }, settings());
  claim(queue, true, 205);
  assert.deepEqual(sent, [
    scripts.claim.sha1,
    9,
    "{orders}:format",
    "{orders}:totals",
    "{orders}:metrics",
    "{orders}:bell:simple",
    "{orders}:pause:simple",
    "{orders}:unanswered:simple",
    ...["{orders}:ingress", "{orders}:simple", "{orders}:complex"],
    ...["order", 2, "spin", 1000, 10],
    ...[200, 65_536, 1, 205],
  ]);
});

test("an entry without an order is dead-lettered with a reason", () => {
  const replies: Value[][] = [
    [int(1), int(0), int(0), int(0), int(1), bytes("5-1"), bytes(""), int(-1)],
    [1, 0, 0, 0, 1, 0, 1].map(int),
    [1, 0, 0, 0, 1].map(int),
  ];
  const calls: (readonly Argument[])[] = [];
  const queue = new Queue((_, args) => {
    calls.push(args);
    return replies.shift() ?? [];
  }, settings());
  const drain = new Drain(queue, DOMAIN, { elapsedMs: () => 0, committed: () => undefined });
  drain.run();
  const errors =
    '[{"code":"missing_order_field","path":"$","message":"the entry needs one field \\"order\\""}]';
  assert.deepEqual(calls[1]?.slice(-5), ["dead", "", "", "missing_order_field", errors]);
  assert.equal(drain.tally.dead_lettered, 1);
});

test("some hosts report that nothing came as one nil", () => {
  for (const [reply, came] of [
    [[], false],
    [[{ tag: "nil" }], false],
    [[bytes("{orders}:simple")], true],
  ] as [Value[], boolean][]) {
    assert.equal(new Queue(() => reply, settings()).linger("$"), came);
  }
});

test("a drain whose time is over does not wait for more a second time", () => {
  const none = [1, 0, 0, 0, 1].map(int);
  const replies: Value[][] = [
    [...none, bytes("5-1"), bytes(""), int(-1)],
    [1, 0, 0, 0, 1, 0, 1].map(int),
    [bytes("{orders}:simple")],
    none,
  ];
  let elapsedMs = 0;
  const commands: string[] = [];
  const execute = (command: string) => {
    commands.push(command);
    elapsedMs += command === "XREAD" ? 5_000 : 0;
    return replies.shift() ?? [];
  };
  const queue = new Queue(execute, { ...settings(), lingerMs: 5 });
  new Drain(queue, DOMAIN, { elapsedMs: () => elapsedMs, committed: () => undefined }).run();
  assert.deepEqual(commands, ["EVALSHA", "EVALSHA", "XREAD", "EVALSHA"]);
});

/** What a drain sends, with the last argument of a claim, the silence of a commit, the wait's entry. */
function sent(replies: Value[][]): string[] {
  const none = [1, 0, 0, 0, 1].map(int);
  const lines: string[] = [];
  const execute = (command: string, args: readonly Argument[]) => {
    const last = String(args.at(-1));
    const isCommit = args.includes("dead");
    const silence = String(args[2 + Number(args[1]) + 10]);
    const script = isCommit ? `commit ${silence}` : `claim ${last}`;
    lines.push(command === "XREAD" ? `wait ${last}` : script);
    return replies.shift() ?? (command === "XREAD" ? [] : none);
  };
  const queue = new Queue(execute, { ...settings(), lingerMs: 5 });
  new Drain(queue, DOMAIN, { elapsedMs: () => 0, committed: () => undefined }).run();
  return lines;
}

test("a drain that emptied a busy lane waits past it, and then for what no other drain has", () => {
  const one = [1, 25, 0, 0, 1].map(int).concat([bytes("5-1"), bytes(""), int(-1)]);
  const done = [1, 0, 0, 0, 1, 0, 1].map(int);
  const came = [bytes("{orders}:simple")];
  const none = [1, 0, 0, 0, 1].map(int);
  assert.deepEqual(sent([one, done, came, none]), [
    "claim 0",
    "commit 205",
    "wait 5-1",
    "claim 205",
    "wait $",
    "claim 0",
  ]);
});

test("a drain that emptied a quiet lane ends at once", () => {
  const one = [1, 26, 0, 0, 1].map(int).concat([bytes("5-1"), bytes(""), int(-1)]);
  assert.deepEqual(sent([one, [1, 0, 0, 0, 1, 0, 1].map(int)]), ["claim 0", "commit 0"]);
});

test("while something is left in the lane a drain claims before it waits", () => {
  const one = [1, 0, 0, 0, 2].map(int).concat([bytes("5-1"), bytes(""), int(-1)]);
  const lines = sent([one, [1, 0, 0, 0, 1, 0, 0].map(int)]);
  assert.deepEqual(lines, ["claim 0", "commit 205", "claim 205", "wait 5-1", "claim 0"]);
});

test("a reply of another shape is refused, and the error does not show it", () => {
  for (const [replies, found] of [
    [[], "a number, found nothing"],
    [[bytes("secret")], "a number, found bytes"],
    [[int(1), int(0), int(0), int(0), int(1), int(5)], "bytes, found a number"],
    [
      [int(1), int(0), int(0), int(0), int(1), bytes("5-1"), bytes(""), { tag: "nil" }],
      "a message, found nil",
    ],
  ] as [Value[], string][]) {
    const queue = new Queue(() => replies, settings());
    assert.throws(() => claim(queue, false, 0), {
      message: `failed to claim: unexpected reply from redis, expected ${found}`,
    });
  }
});

const message = (entryId: string, ingressId = entryId): Message => ({
  ...{ entry: 0, entryId, deliveryCount: 1, ingressId },
  ...{ order: -1, trace: undefined, decidedAtMs: 1_000 },
});

test("times are never later than the claim", () => {
  assert.equal(waitMs(message("400-0")), 600);
  assert.equal(waitMs(message("2000-0")), 0);
  assert.equal(waitMs(message("nonsense")), 0);
  assert.equal(queuedAtMs(message("900-0", "400-0")), 400);
  assert.equal(queuedAtMs(message("900-0", "2000-0")), 1_000);
  for (const noTime of ["nonsense", "9223372036854775808-0"]) {
    assert.equal(queuedAtMs(message(noTime)), 1_000);
  }
});

test("a value is counted in the first bucket whose bound it does not exceed", () => {
  const confirm = { verb: "confirm", id: "a", confirmation: new Uint8Array() } as const;
  const dead = { verb: "dead", id: undefined, code: "c", errors: "[]" } as const;
  const batch: Decided[] = [
    { message: message("1000-0", "0-0"), outcome: confirm },
    { message: message("998-0"), outcome: dead },
    { message: message("997-0"), outcome: confirm },
  ];
  assert.deepEqual(Object.fromEntries(metricsOf(batch)), {
    ...{ "batch:simple:5": 1, "batch:simple:sum": 3 },
    ...{ "wait:simple:1": 1, "wait:simple:2": 1, "wait:simple:5": 1, "wait:simple:sum": 5 },
    ...{ "done:simple:1000": 1, "done:simple:5": 1, "done:simple:sum": 1_003 },
  });
});

test("the line of a drain has the longest wait of its batches", () => {
  const lines: string[] = [];
  const log = new Log("debug", (line) => lines.push(line));
  const confirm = { verb: "confirm", id: "a", confirmation: new Uint8Array() } as const;
  const done = {
    applied: 1,
    superseded: 0,
    routed: 0,
    confirmed: 1,
    dead_lettered: 0,
    duplicates: 0,
    isLaneEmpty: true,
  };
  for (const entryId of ["900-0", "400-0", "700-0"]) {
    const batch = [{ message: message(entryId), outcome: confirm }];
    log.committed(batch, { ...done, supersededEntries: new Set() });
  }
  log.end(new Tally(), 1.9);
  const line = JSON.parse(lines.join("")) as Record<string, unknown>;
  assert.deepEqual([line["oldest_wait_ms"], line["elapsed_ms"]], [600, 1]);
});

test("a label that is no entry id, and a trace that is not valid, are not carried on", () => {
  const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  assert.deepEqual(readLabel(`5-1 ${trace}`, "9-0"), { ingressId: "5-1", trace });
  assert.deepEqual(readLabel("", "9-0"), { ingressId: "9-0", trace: undefined });
  for (const id of ["5", "5-", "-1", "5-1-1", "x-1", "9223372036854775808-1"]) {
    assert.equal(readLabel(`${id} ${trace}`, "9-0").ingressId, "9-0", id);
  }
  for (const later of [`01-${trace.slice(3, -2)}ff`, `cc-${trace.slice(3, -2)}03-what\nfollows`]) {
    assert.equal(readTrace(later), trace);
  }
  for (const bad of [
    "",
    trace.slice(0, -1),
    `${trace} `,
    `${trace}\n`,
    `${trace}-`,
    `01${trace.slice(2)}x`,
    `ff${trace.slice(2)}`,
    trace.toUpperCase(),
    trace.replaceAll(/[4b]/g, "ü"),
    `00-${"0".repeat(32)}-00f067aa0ba902b7-01`,
    `00-4bf92f3577b34da6a3ce929d0e0e4736-${"0".repeat(16)}-01`,
  ]) {
    assert.equal(readTrace(bad), undefined, bad);
  }
});
