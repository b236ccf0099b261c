// Handles a bell and a tick, on any host.

import { type Domain, Drain } from "./drain.js";
import { Log, readLevel } from "./log.js";
import { Queue } from "./queue.js";
import { type Execute, QueueError, text } from "./redis.js";
import { SettingError, type Variables, readSettings } from "./settings.js";
import { isDeaf, tick } from "./tick.js";

export interface Host {
  readonly variable: Variables;
  /** Connects to an address; throws an error in the words of the host. */
  readonly connect: (url: string) => Execute;
  readonly nowMs: () => number;
  readonly print: (line: string) => void;
  readonly printError: (line: string) => void;
}

function open({ variable, connect }: Host): Queue {
  const settings = readSettings(variable);
  const url = variable("redis_url");
  try {
    return new Queue(connect(url), settings);
  } catch (error) {
    throw QueueError.from("failed to connect to redis", error);
  }
}

/** Handles a ring: drains the lane and logs what was done. Throws when Redis fails. */
export function onBell(host: Host, domain: Domain): void {
  const start = host.nowMs();
  const elapsedMs = () => host.nowMs() - start;
  const log = new Log(readLevel(host.variable), host.print);
  const queue = open(host);
  const drain = new Drain(queue, domain, { elapsedMs, committed: log.committed.bind(log) });
  const end = () => {
    log.end(drain.tally, elapsedMs());
  };
  try {
    drain.run();
  } catch (error) {
    if (error instanceof QueueError) {
      end();
    }
    throw error;
  }
  end();
}

/**
 * Answers a tick: 200 with what was found; 503 when several rings were not answered, so that a probe
 * restarts the component, or while Redis fails; 500 when a variable is wrong, also one that only
 * its drains need.
 */
export function onTick(host: Host, method: string): Response {
  if (method !== "GET" && method !== "HEAD") {
    return refusal(405, "method_not_allowed", { allow: "GET, HEAD" });
  }
  const warn = (message: string) => {
    host.printError(JSON.stringify({ level: "warn", event: "tick", message }));
  };
  try {
    readLevel(host.variable);
    const queue = open(host);
    const found = tick(queue);
    const policy = queue.evictionPolicy() ?? "noeviction";
    if (policy !== "noeviction") {
      warn(`maxmemory-policy ${policy} may drop acknowledged messages: set noeviction`);
    }
    if (found.refused !== undefined) {
      warn(`failed to free what is past retention: ${found.refused}`);
    }
    if (isDeaf(found)) {
      warn(`${found.unanswered_rings} rings were not answered`);
    }
    return Response.json(found, { status: isDeaf(found) ? 503 : 200 });
  } catch (error) {
    warn(text(error));
    if (error instanceof SettingError) {
      return refusal(500, "misconfigured");
    }
    if (error instanceof QueueError) {
      return refusal(503, error.code);
    }
    throw error;
  }
}

const refusal = (status: number, code: string, headers: Record<string, string> = {}): Response =>
  Response.json({ status, code }, { status, headers });
