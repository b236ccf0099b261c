// A burst of made-up orders, sent as NDJSON in as many requests as the limits of the API require.

import * as api from "./api.js";
import { byId, count, counted, duration } from "./page.js";

const NAMES = [
  ["Ada", "Abbe"], ["François", "Lefèvre"], ["Jürgen", "Müller"], ["María", "García"],
  ["Noor", "Jansen"], ["Zoë", "Dvořák"],
];
const SHIPMENTS = [["DE", "EUR"], ["DE", "EUR"], ["AT", "EUR"], ["FR", "EUR"], ["CH", "CHF"], ["GB", "GBP"]];
/** Small enough that the first orders are on their way while the last ones are made. */
const ORDERS_IN_A_REQUEST = 1_000;
const ATTEMPTS = 8;

const below = (number) => Math.floor(Math.random() * number);
const pick = (choices) => choices[below(choices.length)];
const quarters = (from, to) => from + 0.25 * below((to - from) * 4 + 1);

/**
 * A random UUID. crypto.randomUUID is missing on pages that came by plain HTTP from another
 * machine.
 */
function guid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

const eye = (sphere, addition) =>
  ({ sphere, cylinder: quarters(-2.5, 0), axis: 1 + below(180), ...addition });

function lens(index) {
  const sphere = quarters(-7, 4);
  const addition = below(2) ? { addition: quarters(0.75, 3), fittingHeight: 16 + below(7) } : {};
  return {
    right: eye(sphere, addition), left: eye(sphere + quarters(-1, 1), addition),
    index, diameter: 65 + 5 * below(4), coatings: ["hard", "antiReflective"],
    pupillaryDistance: 58 + below(11),
    frame: { width: 46 + below(11), height: 28 + below(15), bridge: 14 + below(9) },
  };
}

/** Spectacles to a prescription three times in ten, otherwise goods from stock. */
export function anOrder(number) {
  const [firstName, lastName] = pick(NAMES);
  const [shipTo, currency] = pick(SHIPMENTS);
  const items = [];
  if (below(10) < 3) {
    const index = pick([1.5, 1.6, 1.67, 1.74]);
    items.push({ sku: `LNS-PRG-${Math.round(index * 100)}`, quantity: 1, lens: lens(index) });
    items.push({ sku: `FRM-${1_000 + below(9_000)}`, quantity: 1, unitPrice: `${49 + below(250)}.90` });
  } else {
    for (let i = 1 + below(3); i > 0; i -= 1) {
      items.push({ sku: `FRM-${1_000 + below(9_000)}`, quantity: 1 + below(3) });
    }
  }
  items.forEach((item, i) => Object.assign(item, { orderItemId: i + 1 }));
  return {
    orderId: number, orderGuid: guid(), description: "demo", firstName, lastName, shipTo, currency, items,
    delivery: pick(["Express", "Standard"]), placedAt: new Date().toISOString(),
  };
}

/** Orders as lines, as many as a request may hold. */
function request(from, size, limits, waiting) {
  const most = Math.min(ORDERS_IN_A_REQUEST, limits.maxOrdersPerRequest, size - from);
  const lines = [];
  let bytes = 0;
  while (lines.length < most) {
    const line = waiting.pop() ?? `${JSON.stringify(anOrder(from + lines.length + 1))}\n`;
    // At most three bytes per character; a line that does not fit is the first of the next request.
    if (lines.length > 0 && bytes + line.length * 3 > limits.maxBodyBytes) {
      waiting.push(line);
      break;
    }
    lines.push(line);
    bytes += line.length * 3;
  }
  return lines;
}

/**
 * Sends one request until it is accepted. Sending again is safe: copies of an order are dropped.
 */
async function send(lines, wait) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await api.post("/orders", lines.join(""), "application/x-ndjson");
    } catch (error) {
      const isWorthIt = [0, 429, 503].includes(error.status) && attempt < ATTEMPTS;
      if (!isWorthIt) throw error;
      const ms = Math.max(error.retryAfterMs, 250 * 2 ** attempt);
      wait(`${error.message}; trying again in ${duration(ms)}`);
      await new Promise((resolve) => setTimeout(resolve, ms));
    }
  }
}

async function burst(size, limits, wake) {
  const said = byId("demo-said");
  const progress = byId("demo-progress");
  const start = performance.now();
  const waiting = [];
  const tally = { sent: 0, accepted: 0, refused: 0, last: null };
  Object.assign(progress, { hidden: false, max: size, value: 0 });
  try {
    while (tally.sent < size) {
      const lines = request(tally.sent, size, limits, waiting);
      const answer = await send(lines, (text) => { said.textContent = `${text}.`; });
      tally.sent += lines.length;
      tally.accepted += answer.accepted;
      tally.refused += answer.refused;
      tally.last = answer.ids.at(-1);
      progress.value = tally.sent;
      wake();
    }
    const refused = tally.refused ? `, ${count(tally.refused)} refused` : "";
    const took = duration(performance.now() - start);
    said.textContent = `${counted(tally.accepted, "order")} accepted within ${took}${refused}.`;
  } catch (error) {
    said.textContent = `Stopped after ${count(tally.accepted)} of ${count(size)} orders: ${error.message}.`;
  } finally {
    progress.hidden = true;
    wake();
  }
  return tally.last;
}

/**
 * Offers the demo if the variable `demo_orders` allows it. `wake` refreshes at once, `show` shows
 * an order.
 */
export async function begin(wake, show) {
  const limits = await api.get("/dashboard/limits.json");
  if (!limits.demoOrders) return;
  const input = byId("demo-orders");
  const [send, form] = [byId("demo-form").querySelector("button"), byId("demo-form")];
  input.max = limits.demoOrders;
  input.value = Math.min(1_000, limits.demoOrders);
  form.querySelector("label").textContent = `Orders, up to ${count(limits.demoOrders)}`;
  byId("demo").hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    send.disabled = true;
    const last = await burst(Number(input.value), limits, wake);
    send.disabled = false;
    if (last) show(last);
  });
}
