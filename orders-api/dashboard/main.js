// Polls the API: often while orders move, seldom while they do not, and never while the page is
// hidden.

import * as api from "./api.js";
import * as demo from "./demo.js";
import * as letters from "./letters.js";
import * as orders from "./orders.js";
import { announce, byId, duration, setText, timeOfDay } from "./page.js";
import * as recent from "./recent.js";
import * as rates from "./rates.js";
import { isBusy, showDone, showStreams } from "./streams.js";

const FAST_MS = 500;
const SLOW_MS = 5_000;
const MOST_WAIT_MS = 30_000;
/** Lists of orders cost more than counters. */
const LISTS_MS = 2_000;

let timer = 0;
let isLooking = false;
let isAskedAgain = false;
let waitMs = FAST_MS;
let failures = 0;
/** The states of the queue when dead letters and recent orders were last shown. */
let lettersOf = "";
let recentOf = "";
let recentAt = -Infinity;

function health(state, text) {
  byId("health").dataset.state = state;
  setText(byId("health"), text);
}

async function showAll(stats) {
  const hasMoved = rates.take(stats, performance.now());
  rates.draw();
  showStreams(stats.streams, wake);
  showDone(stats);
  const isEnd = ([name]) => /^(dead_lettered_|redriven|discarded)/.test(name);
  const ends = Object.entries(stats.totals).filter(isEnd);
  const state = JSON.stringify([stats.deadLetters, ends]);
  await orders.refresh();
  if (state !== lettersOf) {
    await letters.refresh(stats.deadLetters);
    lettersOf = state;
  }
  const moved = JSON.stringify(stats.totals) + Object.values(stats.streams).map(({ messages }) => messages);
  if (moved !== recentOf && performance.now() - recentAt > LISTS_MS) {
    recentAt = performance.now();
    await recent.refresh();
    recentOf = moved;
  }
  return hasMoved || isBusy(stats.streams);
}

function isBack() {
  const wasAway = failures > 0;
  // Otherwise the message is about a failed button, and stays.
  if (wasAway || !byId("lock").hidden) byId("trouble").hidden = true;
  if (wasAway) announce("The figures are live again");
  byId("lock").hidden = true;
  byId("panels").hidden = false;
  byId("forget").hidden = !api.token.get();
  failures = 0;
  health("live", `Live · ${timeOfDay(new Date())}`);
}

/**
 * Shows what is wrong; returns how long to wait before the next poll, or null while a token is
 * needed.
 */
function isAway(error) {
  if (error.status === 401) {
    askForToken();
    return null;
  }
  failures += 1;
  const ms = Math.max(error.retryAfterMs ?? 0, Math.min(1_000 * 2 ** (failures - 1), MOST_WAIT_MS));
  health("away", `No figures; next try in ${duration(ms)}`);
  // Set once, because screen readers announce each change.
  if (failures === 1) {
    byId("trouble").textContent = `The figures are not live: ${error.message}.`;
    byId("trouble").hidden = false;
  }
  return ms;
}

function askForToken() {
  const wasRefused = Boolean(api.token.get());
  api.token.forget();
  byId("forget").hidden = true;
  byId("panels").hidden = true;
  byId("lock").hidden = false;
  health("waiting", "Locked");
  byId("trouble").hidden = !wasRefused;
  if (wasRefused) byId("trouble").textContent = "The API does not accept this token.";
  byId("token").value = "";
  byId("token").focus();
}

async function look() {
  if (isLooking) {
    isAskedAgain = true;
    return;
  }
  isLooking = true;
  clearTimeout(timer);
  let ms;
  try {
    const stats = await api.get("/stats");
    isBack();
    ms = waitMs = (await showAll(stats)) ? FAST_MS : Math.min(waitMs * 1.5, SLOW_MS);
  } catch (error) {
    if (!(error instanceof api.ApiError)) console.error(error);
    ms = isAway(error);
  }
  isLooking = false;
  if (isAskedAgain) {
    isAskedAgain = false;
    ms = failures ? ms : 0;
  }
  clearTimeout(timer);
  if (ms !== null && !document.hidden) timer = setTimeout(look, ms);
}

/** Polls at once, and often for a while: something was done. */
function wake() {
  waitMs = FAST_MS;
  look();
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    clearTimeout(timer);
    health("waiting", "Paused while hidden");
  } else wake();
});
byId("lock-form").addEventListener("submit", (event) => {
  event.preventDefault();
  api.token.set(byId("token").value.trim());
  wake();
});
byId("forget").addEventListener("click", () => {
  api.token.forget();
  wake();
});
orders.begin();
letters.begin(() => {
  lettersOf = "";
  wake();
});
demo.begin(wake, orders.show).catch((error) => console.error(error));
look();
