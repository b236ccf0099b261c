// The newest orders, and how long the confirmed ones among them took.

import * as api from "./api.js";
import { button, byId, count, duration, element, figure, timeElement } from "./page.js";
import * as orders from "./orders.js";

const SHOWN = 12;

let drawn = "";

const last = (order) => order.confirmedAt ?? order.deadLetteredAt ?? order.routedAt ?? order.queuedAt;
const took = (order) => Date.parse(order.confirmedAt) - Date.parse(order.queuedAt);

function row(order) {
  const id = order.id
    ? button(order.id.slice(0, 8), () => orders.show(order.id), {
      className: "link", title: order.id, ariaLabel: `Order ${order.id}`,
    })
    : "–";
  const time = Number.isFinite(took(order)) ? duration(took(order)) : "–";
  const cells = [
    element("td", {}, id),
    element("td", { textContent: order.code ? `${order.state}: ${order.code}` : order.state }),
    element("td", { textContent: order.lane ?? "–" }),
    element("td", {}, last(order) ? timeElement(last(order)) : "–"),
    element("td", { className: "number", textContent: time }),
  ];
  return element("tr", {}, ...cells);
}

function draw(list) {
  const state = JSON.stringify(list);
  if (state === drawn) return;
  drawn = state;
  Object.assign(byId("recent-said"), { hidden: list.length > 0, textContent: "None yet." });
  byId("recent-table").hidden = list.length === 0;
  const rows = byId("recent");
  const hadFocus = rows.contains(document.activeElement);
  rows.replaceChildren(...list.map(row));
  if (hadFocus) (rows.querySelector("button") ?? byId("main")).focus();
}

function drawLatency(list) {
  const times = list.map(took).filter(Number.isFinite).sort((a, b) => a - b);
  const at = (share) => (times.length ? duration(times[Math.ceil(share * times.length) - 1]) : "–");
  byId("latency").replaceChildren(...[50, 90, 99].map((part) => figure(`p${part}`, at(part / 100))));
  const some = `From arrival to confirmation, of the newest ${count(times.length)} confirmed orders.`;
  byId("latency-of").textContent = times.length ? some : "No order is confirmed yet.";
}

export async function refresh() {
  const { orders: newest } = await api.get("/orders");
  draw(newest.slice(0, SHOWN));
  drawLatency(newest.filter(({ state }) => state === "confirmed"));
}
