// The component: Spin's imports as the host of a worker, and the two handlers.

import { Connection, type Error as RedisError } from "fermyon:spin/redis@2.0.0";
import { get, type Error as VariableError } from "fermyon:spin/variables@2.0.0";
import type { Domain } from "./drain.js";
import { payload } from "./payload.js";
import { type Argument, QueueError, encode, text } from "./redis.js";
import { SettingError } from "./settings.js";
import { type Host, onBell, onTick } from "./worker.js";

const parameter = (argument: Argument) => ({ tag: "binary" as const, val: encode(argument) });

const HOST: Host = {
  variable: (name) => {
    try {
      return get(name);
    } catch (error) {
      throw new SettingError(name, (payload(error) as VariableError).val);
    }
  },
  connect: (url) => {
    const connection = redis(() => Connection.open(url));
    return (command, args) => redis(() => connection.execute(command, args.map(parameter)));
  },
  nowMs: () => performance.now(),
  print: (line) => {
    console.log(line);
  },
  printError: (line) => {
    console.error(line);
  },
};

/** Calls Redis; an error is in words that name what to look at. */
function redis<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw new Error(describe(payload(error) as RedisError));
  }
}

function describe(error: RedisError): string {
  switch (error.tag) {
    case "invalid-address":
      return "redis_url is not a redis address, or allowed_outbound_hosts does not list it";
    case "too-many-connections":
      return "too many connections to redis";
    case "type-error":
      return "a value of the wrong type";
    case "other":
      return error.val;
  }
}

/** Serves the tick; what is returned serves the bell. */
export function component(domain: Domain) {
  addEventListener("fetch", (event) => {
    const fetch = event as FetchEvent;
    fetch.respondWith(onTick(HOST, fetch.request.method));
  });
  return {
    handleMessage(): void {
      try {
        onBell(HOST, domain);
      } catch (error) {
        // Expected errors are logged and returned to Spin. All others end the instance.
        if (error instanceof QueueError || error instanceof SettingError) {
          HOST.printError(text(error));
          throw Object.assign(error, { payload: "error" });
        }
        throw error;
      }
    },
  };
}
