// Dead letters: listed with their errors, redriven, discarded.

import * as api from "./api.js";
import {
  announce, ask, button, byId, count, counted, element, failed, setText, timeElement,
} from "./page.js";
import * as orders from "./orders.js";

const PAGE = 20;
let letters = [];
/** Where the page on show begins, and where the next one does. */
let cursor = null;
let next = null;
let drawn = "";
let onChange = () => {};

const pathOf = (letter) => `/dead-letters/${encodeURIComponent(letter.id)}`;

/** Reads the page on show; later letters move up when some of it are gone. */
export async function refresh(total) {
  const from = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
  const page = await api.get(`/dead-letters?limit=${PAGE}${from}`);
  letters = page.deadLetters;
  next = letters.length < PAGE ? null : page.next;
  if (letters.length === 0 && cursor) {
    cursor = null;
    return refresh(total);
  }
  draw(total);
}

function draw(total) {
  const shown = letters.length < total ? `, ${count(letters.length)} shown` : "";
  const text = total === 0 ? "None." : `${counted(total, "dead letter")}${shown}, oldest first.`;
  setText(byId("letters-said"), text);
  byId("redrive-all").hidden = letters.length === 0;
  byId("letters-more").hidden = !next && !cursor;
  byId("letters-more").textContent = next ? "Show later ones" : "Show the first ones";
  // Redrawn only after a change: a button keeps the focus, and an open text stays open.
  const state = JSON.stringify(letters);
  if (state === drawn) return;
  drawn = state;
  const hadFocus = byId("letters").contains(document.activeElement);
  byId("letters").replaceChildren(...letters.map(item));
  if (hadFocus) (byId("letters").querySelector("button") ?? byId("main")).focus();
}

function item(letter) {
  const errors = Array.isArray(letter.errors) ? letter.errors : [];
  const texts = errors.slice(0, 5).map(({ path, message }) => `${path}: ${message}`);
  if (errors.length > 5) texts.push(`and ${count(errors.length - 5)} more`);
  const order = letter.orderId
    ? button(letter.orderId, () => orders.show(letter.orderId), { className: "link" })
    : "an order without a readable identity";
  const facts = element(
    "p", { className: "quiet" }, timeElement(letter.deadLetteredAt), ` · in ${letter.stream} · `,
    `delivered ${count(letter.deliveryCount)} × · `,
    letter.redrives ? `redriven ${count(letter.redrives)} × · ` : "", order,
  );
  const content = element("pre", { hidden: true, tabIndex: 0 });
  const title = element("h3", { className: "code", textContent: letter.code, id: `letter-${letter.id}` });
  const named = (text, act) => {
    const made = button(text, act);
    made.setAttribute("aria-describedby", title.id);
    return made;
  };
  const shows = named("Show the order", () => showText(letter, content, shows));
  const buttons = [named("Redrive", () => redrive(letter)), named("Discard", () => discard(letter)), shows];
  return element(
    "li", {}, title, facts, element("ul", {}, ...texts.map((text) => element("li", { textContent: text }))),
    content, element("p", { className: "buttons" }, ...buttons),
  );
}

async function showText(letter, content, shows) {
  shows.disabled = true;
  try {
    const { order, fields } = await api.get(pathOf(letter));
    const other = fields ? JSON.stringify(fields) : "The entry has no order, or a too long one.";
    content.textContent = order ?? other;
    content.hidden = false;
    shows.hidden = true;
    content.focus();
  } catch (error) {
    failed("The order cannot be shown", error);
    shows.disabled = false;
  }
}

async function redrive(letter) {
  const text = `The order returns to ${letter.stream} and is processed again. ` +
    "It will probably fail again unless the cause is fixed.";
  if ((await ask({ title: "Redrive this dead letter?", text, yes: "Redrive" })) === null) return;
  await act([letter], (one) => api.post(`${pathOf(one)}/redrive`), "redriven");
}

async function discard(letter) {
  const text = "The order is deleted permanently.";
  if ((await ask({ title: "Discard this dead letter?", text, yes: "Discard" })) === null) return;
  await act([letter], (one) => api.del(pathOf(one)), "discarded");
}

async function redriveAll() {
  const all = letters;
  const text = "The orders return to where they failed, and are processed again.";
  const title = `Redrive ${counted(all.length, "dead letter")}?`;
  if ((await ask({ title, text, yes: "Redrive all" })) === null) return;
  await act(all, (one) => api.post(`${pathOf(one)}/redrive`), "redriven");
}

/** Does the same to some letters. One that is gone was handled by somebody else. */
async function act(some, request, done) {
  byId("trouble").hidden = true;
  const tally = { done: 0, gone: 0, failed: 0 };
  let last = null;
  for (const letter of some) {
    try {
      await request(letter);
      tally.done += 1;
    } catch (error) {
      if (error.status === 404) tally.gone += 1;
      else {
        tally.failed += 1;
        last = error;
      }
      // A missing token or Redis will also fail the next request.
      if ([0, 401, 503].includes(error.status)) break;
    }
  }
  const gone = tally.gone ? `, ${count(tally.gone)} already gone` : "";
  announce(`${count(tally.done)} ${done}${gone}`);
  if (last) failed(`${count(tally.done)} ${done}${gone}, ${count(tally.failed)} not`, last);
  orders.look();
  onChange();
}

/** `changed` is called after a letter was redriven or discarded. */
export function begin(changed) {
  onChange = changed;
  byId("redrive-all").addEventListener("click", redriveAll);
  byId("letters-more").addEventListener("click", () => {
    cursor = next;
    onChange();
  });
}
