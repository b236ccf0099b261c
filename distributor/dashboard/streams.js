// The three streams that orders wait in, and what was done so far.

import { byId, count, duration, element, figure, setText } from "./page.js";

const NAMES = { ingress: "Ingress", simple: "Simple lane", complex: "Complex lane" };
const ROLES = { ingress: "to be judged and routed", simple: "quick to fulfil", complex: "lenses to design, work to plan" };
const cards = {};

function card(name) {
  const title = element("h3", { textContent: NAMES[name] });
  const figures = ["Waiting", "In flight", "Oldest"].map((label) => figure(label, "–"));
  const made = element(
    "article", { className: "card" }, title,
    element("p", { className: "quiet", textContent: ROLES[name] }), element("dl", {}, ...figures),
  );
  title.id = `stream-${name}`;
  made.setAttribute("aria-labelledby", title.id);
  byId("streams").append(made);
  return figures.map((one) => one.lastElementChild);
}

export function showStreams(streams) {
  for (const name of Object.keys(NAMES)) {
    const { length, pending, oldestMs } = streams[name];
    const [waiting, inFlight, oldest] = (cards[name] ??= card(name));
    setText(waiting, count(length - pending));
    setText(inFlight, count(pending));
    setText(oldest, length ? duration(oldestMs) : "–");
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

export const backlogOf = (streams) => Object.keys(NAMES).reduce((all, name) => all + streams[name].length, 0);
