// Arrivals and confirmations per second, from the differences of counters that only rise, and their
// chart.

import { byId, count, duration, perSecond, setText } from "./page.js";

const WINDOW_MS = 180_000;
/** Rates in words are means over this time, otherwise they would flicker. */
const MEAN_MS = 2_000;
const [WIDTH, HEIGHT] = [1000, 200];

/** Counts and their times, oldest first. */
let looks = [];

const sum = (totals, prefix) =>
  Object.entries(totals).reduce((all, [name, value]) => (name.startsWith(prefix) ? all + value : all), 0);

/** Adds one set of statistics; true when anything has moved since the one before. */
export function take(stats, at) {
  const arrived = stats.streams.ingress.messages + sum(stats.totals, "applied_ingress:");
  const confirmed = sum(stats.totals, "confirmed_");
  const last = looks.at(-1);
  // The counters of a queue that was emptied by hand begin at zero.
  if (last && (arrived < last.arrived || confirmed < last.confirmed)) looks = [];
  looks.push({ at, arrived, confirmed });
  // The last look before the window is kept: the first step of the chart begins there.
  while (looks.length > 2 && looks[1].at < at - WINDOW_MS) looks.shift();
  return Boolean(last) && (arrived !== last.arrived || confirmed !== last.confirmed);
}

const rate = (from, to, name) => ((to[name] - from[name]) * 1_000) / Math.max(to.at - from.at, 1);

function now(name) {
  const last = looks.at(-1);
  const from = looks.findLast((look) => look.at <= last.at - MEAN_MS) ?? looks[0];
  return from === last ? 0 : rate(from, last, name);
}

/** The next of 1, 2, 5, 10, 20 ... */
function ceiling(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value);
}

/** The steps of one counter, as a path. */
function path(name, top, start) {
  const x = (at) => (Math.max(at - start, 0) / WINDOW_MS) * WIDTH;
  const y = (value) => HEIGHT - (value / top) * HEIGHT;
  let steps = "";
  for (let i = 1; i < looks.length; i += 1) {
    const height = y(rate(looks[i - 1], looks[i], name)).toFixed(1);
    steps += steps ? "L" : `M${x(looks[0].at).toFixed(1)},${HEIGHT}L`;
    steps += `${x(looks[i - 1].at).toFixed(1)},${height}L${x(looks[i].at).toFixed(1)},${height}`;
  }
  return steps && `${steps}L${x(looks.at(-1).at).toFixed(1)},${HEIGHT}`;
}

export function draw() {
  const start = looks.at(-1).at - WINDOW_MS;
  const highest = (name) => Math.max(0, ...looks.slice(1).map((look, i) => rate(looks[i], look, name)));
  const peaks = { arrived: highest("arrived"), confirmed: highest("confirmed") };
  const top = ceiling(Math.max(peaks.arrived, peaks.confirmed));
  for (const name of ["arrived", "confirmed"]) {
    byId(`chart-${name}`).setAttribute("d", path(name, top, start));
  }
  setText(byId("arrivals"), perSecond(now("arrived")));
  setText(byId("confirmations"), perSecond(now("confirmed")));
  setText(byId("chart-top"), `${count(top)}/s`);
  setText(byId("chart-from"), `${duration(WINDOW_MS)} ago`);
  const words = `Over the last ${duration(WINDOW_MS)}: at most ${perSecond(peaks.arrived)} arrivals and ` +
    `${perSecond(peaks.confirmed)} confirmations`;
  byId("chart").setAttribute("aria-label", words);
}
