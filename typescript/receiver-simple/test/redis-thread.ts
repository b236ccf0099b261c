// The socket of a test's connection: takes a command from its port and gives the reply back.

import { connect } from "node:net";
import { type MessagePort, workerData } from "node:worker_threads";
import type { Value } from "../src/redis.js";

const { path, port, signal } = workerData as {
  path: string;
  port: MessagePort;
  signal: Int32Array;
};
let received = Buffer.alloc(0);

/** Reads one reply from `at` on; undefined if it is not complete. Nested lists are flattened. */
function parse(at: number): { values: Value[]; next: number } | undefined {
  const end = received.indexOf("\r\n", at);
  if (end < 0) {
    return undefined;
  }
  const line = received.toString("utf8", at + 1, end);
  const next = end + 2;
  switch (received[at]) {
    case 0x2b: // +
      return { values: [{ tag: "status", val: line }], next };
    case 0x2d: // -
      throw new Error(line);
    case 0x3a: // :
      return { values: [{ tag: "int64", val: BigInt(line) }], next };
    case 0x24: {
      // $
      const length = Number(line);
      const last = next + length;
      if (length >= 0 && received.length < last + 2) {
        return undefined;
      }
      const bytes = Uint8Array.from(received.subarray(next, last));
      return length < 0
        ? { values: [{ tag: "nil" }], next }
        : { values: [{ tag: "binary", val: bytes }], next: last + 2 };
    }
    default: {
      // *
      const all: { values: Value[]; next: number } = { values: [], next };
      for (let left = Number(line); left > 0; left -= 1) {
        const element = parse(all.next);
        if (element === undefined) {
          return undefined;
        }
        all.values.push(...element.values);
        all.next = element.next;
      }
      return all;
    }
  }
}

function answer(reply: Value[] | Error): void {
  received = Buffer.alloc(0);
  port.postMessage(reply);
  Atomics.store(signal, 0, 1);
  Atomics.notify(signal, 0);
}

const socket = connect(path);
socket.on("error", answer);
socket.on("data", (bytes) => {
  received = Buffer.concat([received, bytes]);
  try {
    const reply = parse(0);
    if (reply !== undefined) {
      answer(reply.values);
    }
  } catch (error) {
    answer(error as Error);
  }
});
port.on("message", (parts: Uint8Array[]) => {
  socket.write(`*${parts.length}\r\n`);
  for (const part of parts) {
    socket.write(Buffer.concat([Buffer.from(`$${part.length}\r\n`), part, Buffer.from("\r\n")]));
  }
});
