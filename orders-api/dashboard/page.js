// Shared parts: elements from text only, numbers and times in the format of the reader, and one
// dialog.

export const byId = (id) => document.getElementById(id);

/**
 * An element with properties and children. Strings become text nodes, so nothing in an order
 * becomes markup.
 */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export const button = (text, onclick, properties = {}) =>
  element("button", { type: "button", textContent: text, onclick, ...properties });

/** A name and its value. */
export const figure = (name, value) =>
  element("div", {}, element("dt", { textContent: name }), element("dd", { textContent: value }));

/** Changes a text only if it differs: a selection survives, screen readers stay quiet. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Announces a change to screen readers; not for figures. */
export function announce(text) {
  byId("said").textContent = text;
}

/** Shows that something failed, until the next attempt or until the figures are live again. */
export function failed(what, error) {
  byId("trouble").textContent = `${what}: ${error.message}.`;
  byId("trouble").hidden = false;
}

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 3 });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const moment = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3,
});
const units = {};

function inUnit(value, unit) {
  units[unit] ??= new Intl.NumberFormat(undefined, {
    style: "unit", unit, unitDisplay: "short", maximumSignificantDigits: 3,
  });
  return units[unit].format(value);
}

export const count = (number) => whole.format(number);
export const counted = (number, noun) => `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
export const perSecond = (number) => `${number < 100 ? short.format(number) : whole.format(number)}/s`;
export const timeOfDay = (date) => clock.format(date);
export const dateOf = (date) => day.format(date);

/** A duration in a fitting unit. */
export function duration(ms) {
  if (ms < 1_000) return inUnit(ms, "millisecond");
  if (ms < 60_000) return inUnit(ms / 1_000, "second");
  if (ms < 3_600_000) return inUnit(ms / 60_000, "minute");
  return inUnit(ms / 3_600_000, "hour");
}

/** A time to the millisecond, with the date if it is not today. */
export function timeElement(text) {
  const date = new Date(text);
  const isToday = date.toDateString() === new Date().toDateString();
  const words = isToday ? moment.format(date) : `${dateOf(date)}, ${moment.format(date)}`;
  return element("time", { dateTime: text, textContent: words, title: text });
}

/** Asks for confirmation. Returns the text of the field, "" without one, or null when cancelled. */
export function ask({ title, text, yes, field }) {
  const dialog = byId("ask");
  const input = byId("ask-input");
  byId("ask-title").textContent = title;
  byId("ask-text").textContent = text;
  byId("ask-yes").textContent = yes;
  byId("ask-field").hidden = !field;
  byId("ask-field").firstElementChild.textContent = field ?? "";
  input.value = "";
  return new Promise((resolve) => {
    dialog.returnValue = "no";
    const confirm = () => {
      if (field && !input.value.trim()) input.focus();
      else dialog.close("yes");
    };
    byId("ask-yes").onclick = confirm;
    byId("ask-no").onclick = () => dialog.close("no");
    input.onkeydown = (event) => event.key === "Enter" && confirm();
    dialog.onclose = () => {
      // The event comes late, so it may be that of an earlier question.
      if (!dialog.open) resolve(dialog.returnValue === "yes" ? input.value.trim() : null);
    };
    dialog.showModal();
    (field ? input : byId("ask-no")).focus();
  });
}
