"use strict";
// Two clocks: one for looking at the contours, one for the work of a time study.

const IDLE_MS = 120000; // without any input for so long, nobody is looking

// ---- the clock of the rating: runs while the reader is at the page, for the active structure ----

let paused = false;
let lastInput = -Infinity; // so it starts with the first input
let lastTick = performance.now();

const isCounting = (now) => !paused && !document.hidden && now - lastInput < IDLE_MS && !runningWork();

function tick() {
  const now = performance.now();
  const entry = entryOf(active);
  if (isCounting(now) && entry) entry.seconds += Math.min(now - lastTick, 2000) / 1000; // not the time asleep
  lastTick = now;
  const seconds = Object.values(state.entries).reduce((sum, one) => sum + one.seconds, 0);
  element("clock").textContent = asClock(seconds);
  element("clock").classList.toggle("counting", isCounting(now));
  element("pause").textContent = paused ? "Resume" : "Pause";
  showWorks();
}

function asClock(seconds) {
  const whole = Math.floor(seconds);
  return `${String(Math.floor(whole / 60)).padStart(2, "0")}:${String(whole % 60).padStart(2, "0")}`;
}

function togglePause() {
  paused = !paused;
  tick();
}

// ---- the time study: two modes of work, outside of this page, so these clocks run on when it is not looked at ----

const workSeconds = (work) => work.seconds + (work.since === null ? 0 : Math.max(0, Date.now() - work.since) / 1000);
const runningWork = () => Object.values(state.works).find((work) => work.since !== null);

function makeWork([name, work]) {
  const row = element("work").content.firstElementChild.cloneNode(true);
  const [mode, set] = [name[0], name.slice(1)];
  const of = set && study.sets.length > 1 ? ` (set ${set})` : "";
  row.dataset.work = name;
  row.querySelector("h3").textContent = `Mode ${mode}: ${study.modes[mode]}${of}`;
  row.querySelector(".start").addEventListener("click", () => startWork(name));
  row.querySelector(".finish").addEventListener("click", () => finishWork(name));
  const minutes = row.querySelector("input");
  minutes.value = work.minutes;
  minutes.setAttribute("aria-label", `minutes of mode ${mode}${of}`);
  minutes.addEventListener("input", () => {
    state.works[name].minutes = minutes.value;
    changed();
  });
  return row;
}

function pauseWork(work) {
  Object.assign(work, {seconds: workSeconds(work), since: null});
}

function startWork(name) {
  const work = state.works[name];
  const starts = work.since === null;
  const running = runningWork();
  if (running) pauseWork(running);
  if (starts) work.since = Date.now();
  if (starts && name === "1") toggleContours(false); // from scratch means without having seen them
  changed();
  tick();
}

function finishWork(name) {
  const work = state.works[name];
  pauseWork(work);
  work.minutes = (work.seconds / 60).toFixed(1);
  document.querySelector(`[data-work="${name}"] input`).value = work.minutes;
  changed();
  tick();
}

function showWorks() {
  for (const row of element("works").children) {
    const work = state.works[row.dataset.work];
    row.querySelector(".time").textContent = asClock(workSeconds(work));
    row.classList.toggle("counting", work.since !== null);
    row.querySelector(".start").textContent = work.since !== null ? "Pause" : work.seconds ? "Resume" : "Start";
    row.querySelector(".finish").disabled = !workSeconds(work);
  }
}
