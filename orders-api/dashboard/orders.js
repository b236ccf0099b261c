// One order: its state, the time of each step, and the confirmation or the errors.

import * as api from "./api.js";
import { announce, byId, count, dateOf, duration, element, figure, setText, timeElement } from "./page.js";

const FINAL = ["confirmed", "dead-lettered", "discarded"];
/** The order on show, and the answer that it was drawn from. */
let shown = null;
let drawn = "";

/** What happened to an order, by time. */
function events(order) {
  const all = [];
  const add = (at, text, detail, kind) => at && all.push({ at, text, detail, kind });
  for (const past of order.history ?? []) {
    add(past.queuedAt, "Queued");
    add(past.deadLetteredAt, `Dead-lettered in ${past.stream}: ${past.code}`, null, "dead");
    const event = past.event[0].toUpperCase() + past.event.slice(1);
    add(past.at, past.event === "duplicate" ? "Dropped: another copy was routed" : event);
  }
  const reasons = (order.reasons ?? []).map(({ reason, points }) => `${reason} ${points}`).join(", ");
  add(order.queuedAt, "Queued");
  add(order.routedAt, `Routed to the ${order.lane} lane`, `score ${order.score}${reasons && `: ${reasons}`}`);
  add(order.confirmedAt, "Confirmed", null, "confirmed");
  add(order.deadLetteredAt, `Dead-lettered: ${order.code}`, null, "dead");
  const isNew = (event, i) => all.findIndex((one) => one.at === event.at && one.text === event.text) === i;
  // Steps of one millisecond keep their order.
  return all.filter(isNew).sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

function timeline(order) {
  const steps = events(order);
  const items = steps.map(({ at, text, detail, kind }, i) => {
    const since = i > 0 ? ` · ${duration(Date.parse(at) - Date.parse(steps[i - 1].at))} later` : "";
    return element(
      "li", { className: kind ?? "" }, `${text} `,
      element("span", { className: "quiet" }, timeElement(at), since),
      detail ? element("div", { className: "quiet", textContent: detail }) : null,
    );
  });
  return element("ol", { className: "timeline" }, ...items);
}

function confirmation(content) {
  if (!content) return [];
  const { quote, promise } = content;
  // Amounts are decimal texts, shown as they are.
  const figures = element(
    "dl", { className: "figures" }, figure("Total", `${quote.total} ${quote.currency}`),
    figure("Ships on", dateOf(new Date(`${promise.shipsOn}T12:00`))),
    promise.deliveredBy ? figure("Arrives by", dateOf(new Date(`${promise.deliveredBy}T12:00`))) : null,
    figure("Lenses designed", count((content.lenses ?? []).reduce((all, lens) => all + lens.eyes.length, 0))),
  );
  const details = element(
    "details", {}, element("summary", { textContent: "The whole confirmation" }),
    element("pre", { textContent: JSON.stringify(content, null, 2), tabIndex: 0 }),
  );
  return [figures, details];
}

function draw(order) {
  const text = JSON.stringify(order);
  if (text === drawn) return;
  drawn = text;
  const item = ({ path, message }) => element("li", { textContent: `${path}: ${message}` });
  const errors = (order.errors ?? []).map(item);
  byId("order").replaceChildren(
    element("h3", { id: "order-title", textContent: `Order ${order.id}: ${order.state}` }),
    timeline(order), element("ul", {}, ...errors), ...confirmation(order.confirmation),
  );
  byId("order").hidden = false;
}

/**
 * A browser drops `.` and `..` from a path, also when they are encoded: such an order is found by
 * its UUID only.
 */
async function find(id) {
  const path = `/orders/${encodeURIComponent(id)}`;
  if (new URL(path, location).pathname !== path) {
    throw new api.ApiError(404, "order_not_found", "no such order", 0);
  }
  return api.get(path);
}

/** Shows an order, and follows it until it reaches its last state. */
export async function show(id) {
  shown = { id, isFinal: false };
  byId("find-id").value = id;
  const isFound = await refresh();
  if (isFound) {
    byId("order").scrollIntoView({ block: "nearest" });
    byId("order").focus({ preventScroll: true });
  }
}

/** Refreshes the order on show; true when there is one. */
export async function refresh() {
  const current = shown;
  if (!current || current.isFinal) return false;
  try {
    const order = await find(current.id);
    if (current !== shown) return false;
    current.isFinal = FINAL.includes(order.state);
    setText(byId("find-said"), "");
    draw(order);
    return true;
  } catch (error) {
    if (current !== shown) return false;
    // Redis may come back, so the shown order stays until then.
    if (error.status >= 500 || error.status === 0) return false;
    shown = null;
    drawn = "";
    byId("order").hidden = true;
    const isMissing = error.code === "order_not_found";
    setText(byId("find-said"), isMissing ? `No such order: ${current.id}.` : `${error.message}.`);
    return false;
  }
}

/** Also refreshes an order in its last state: it may have been redriven. */
export function look() {
  if (shown) shown.isFinal = false;
}

export function begin() {
  byId("find-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const id = byId("find-id").value.trim();
    if (id) show(id).then(() => announce(byId("order").hidden ? "" : byId("order-title").textContent));
  });
}
