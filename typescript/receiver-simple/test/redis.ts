// A Redis of a test's own. Calls wait for their replies, as those of a component do.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  MessageChannel,
  type MessagePort,
  Worker,
  receiveMessageOnPort,
} from "node:worker_threads";
import { type Argument, type Execute, type Value, encode } from "../src/redis.js";

export class TestRedis {
  private readonly folder = mkdtempSync(join(tmpdir(), "receiver-simple-"));
  readonly path = join(this.folder, "redis.sock");
  private readonly server: ChildProcess;
  private readonly port: MessagePort;
  private readonly signal = new Int32Array(new SharedArrayBuffer(4));
  private readonly thread: Worker;

  constructor() {
    const options = ["--port", "0", "--unixsocket", this.path, "--save", "", "--dir", this.folder];
    this.server = spawn("redis-server", options, { stdio: "ignore" });
    for (let tries = 0; !existsSync(this.path); tries += 1) {
      if (tries === 500) {
        throw new Error("redis-server did not start within 5 s");
      }
      Atomics.wait(this.signal, 0, 0, 10);
    }
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    this.thread = new Worker(new URL("redis-thread.js", import.meta.url), {
      workerData: { path: this.path, port: port2, signal: this.signal },
      transferList: [port2],
    });
  }

  readonly execute: Execute = (command, args) => {
    Atomics.store(this.signal, 0, 0);
    this.port.postMessage([command, ...args].map(encode));
    if (Atomics.wait(this.signal, 0, 0, 10_000) === "timed-out") {
      throw new Error(`no reply to ${command} within 10 s`);
    }
    const reply = receiveMessageOnPort(this.port)?.message as Value[] | Error;
    if (reply instanceof Error) {
      throw reply;
    }
    return reply;
  };

  /** A reply as plain values. */
  ask(command: string, ...args: Argument[]): (string | number | null)[] {
    return this.execute(command, args).map((value) => {
      switch (value.tag) {
        case "nil":
          return null;
        case "status":
          return value.val;
        case "int64":
          return Number(value.val);
        case "binary":
          return Buffer.from(value.val).toString();
      }
    });
  }

  hash(key: string): Record<string, string> {
    const flat = this.ask("HGETALL", key);
    const pairs = flat.flatMap((name, at) =>
      at % 2 === 0 ? [[String(name), String(flat[at + 1])]] : [],
    );
    return Object.fromEntries(pairs) as Record<string, string>;
  }

  async stop(): Promise<void> {
    this.server.kill();
    await this.thread.terminate();
    this.port.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
