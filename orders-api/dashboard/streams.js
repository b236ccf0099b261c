// The three streams in which orders wait, pausing and resuming them, and the totals so far.

import * as api from "./api.js";
import {
  announce, ask, button, byId, count, duration, element, failed, figure, setText, timeElement,
} from "./page.js";

const NAMES = { ingress: "Ingress", simple: "Simple lane", complex: "Complex lane" };
const ROLES = {
  ingress: "to be scored and routed", simple: "quick to fulfil", complex: "lenses to design, work to plan",
};
const cards = {};

function card(name, changed) {
  const title = element("h3", { textContent: NAMES[name], id: `stream-${name}` });
  const figures = ["Orders", "In flight", "Oldest"].map((label) => figure(label, "–"));
  const pause = element("p", { hidden: true });
  const control = button("Pause", () => turn(name, changed), { id: `control-${name}` });
  control.setAttribute("aria-describedby", title.id);
  const made = element(
    "article", { className: "card" }, title, element("p", { className: "quiet", textContent: ROLES[name] }),
    element("dl", {}, ...figures), pause, control,
  );
  made.setAttribute("aria-labelledby", title.id);
  byId("streams").append(made);
  return { made, values: figures.map((one) => one.lastElementChild), pause, control, paused: null };
}

/** Pauses a stream, with a reason that everybody sees, or resumes it. */
async function turn(name, changed) {
  const isPaused = Boolean(cards[name].paused);
  const reason = isPaused ? "" : await ask({
    title: `Pause “${NAMES[name]}”?`, yes: "Pause", field: "Reason, visible to everybody",
    text: "Orders wait until the stream is resumed. None is lost.",
  });
  if (reason === null) return;
  try {
    await api.put(`/control/${name}`, isPaused ? { paused: false } : { paused: true, reason });
    announce(`${NAMES[name]}: ${isPaused ? "resumed" : "paused"}`);
  } catch (error) {
    failed(`${NAMES[name]} cannot be ${isPaused ? "resumed" : "paused"}`, error);
  }
  changed();
}

function showPause(one, paused) {
  if (JSON.stringify(paused) === JSON.stringify(one.paused)) return;
  one.paused = paused;
  one.made.classList.toggle("paused", Boolean(paused));
  one.pause.hidden = !paused;
  one.control.textContent = paused ? "Resume" : "Pause";
  if (!paused) return;
  one.pause.replaceChildren("Paused since ", timeElement(paused.since), `: ${paused.reason}`);
}

/** In a lane an entry is a batch of orders, so what is in flight there is a number of batches. */
function inFlight(name, pending) {
  if (name === "ingress") return count(pending);
  return pending === 1 ? "1 batch" : `${count(pending)} batches`;
}

/** Shows the backlog; `changed` is called when a stream was paused or resumed. */
export function showStreams(streams, changed) {
  for (const name of Object.keys(NAMES)) {
    const { messages, pending, oldestMs, paused } = streams[name];
    const one = (cards[name] ??= card(name, changed));
    const texts = [count(messages), inFlight(name, pending), messages ? duration(oldestMs) : "–"];
    one.values.forEach((value, i) => setText(value, texts[i]));
    showPause(one, paused ?? null);
  }
}

export function showDone({ totals, deadLetters }) {
  const total = (name) => totals[name] ?? 0;
  const [simple, complex] = [total("confirmed_simple"), total("confirmed_complex")];
  const figures = {
    Confirmed: simple + complex, Simple: simple, Complex: complex, "Dead letters": deadLetters,
    Duplicates: total("duplicates"), Redriven: total("redriven"), Discarded: total("discarded"),
  };
  byId("done").replaceChildren(...Object.entries(figures).map(([name, value]) => figure(name, count(value))));
  byId("lanes-simple").style.flexGrow = simple;
  byId("lanes-complex").style.flexGrow = complex;
}

/** Whether orders wait in a stream that is not paused. */
export const isBusy = (streams) =>
  Object.values(streams).some(({ messages, paused }) => messages > 0 && !paused);
