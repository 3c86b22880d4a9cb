"use strict";
// Keys and buttons, and the start of it all.

function step(slices) {
  viewer.show(viewer.index + slices);
}

const KEYS = {
  ArrowUp: () => step(1), ArrowRight: () => step(1), ArrowDown: () => step(-1), ArrowLeft: () => step(-1),
  PageUp: () => step(10), PageDown: () => step(-10), Home: () => step(-packed.length), End: () => step(packed.length),
  c: () => toggleContours(), h: () => toggleStructure(shownSet.structures[active].name), n: selectNext, p: togglePause,
  "[": () => select((active || shownSet.structures.length) - 1, true),
  "]": () => select((active + 1) % shownSet.structures.length, true),
  s: () => showSet(study.sets[(study.sets.indexOf(shownSet) + 1) % study.sets.length]),
  w: () => showWindow((windowPlace + 1) % element("windows").children.length),
  "+": () => viewer.zoomBy(1.3), "=": () => viewer.zoomBy(1.3), "-": () => viewer.zoomBy(1 / 1.3), 0: () => viewer.resetZoom(),
  ...Object.fromEntries(grades.map((grade, place) => [place + 1, () => setGrade(active, grade)])),
};

function pressed(event) {
  const typing = event.target.matches("textarea, input:not([type=range])");
  const action = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (typing || !action || event.ctrlKey || event.altKey || event.metaKey || !shownSet.structures.length) return;
  event.preventDefault();
  action();
}

let windowPlace = 0;

function showWindow(place) {
  windowPlace = place;
  [...element("windows").children].forEach((button, at) => button.setAttribute("aria-pressed", at === place));
  viewer.setWindow(Object.values(study.windows_hu)[place]);
}

function showPanel(name) {
  for (const panel of ["grading", "timing"]) {
    element(panel).hidden = panel !== name;
    element(`to-${panel}`).setAttribute("aria-pressed", panel === name);
  }
}

function makeButton(text, action) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  button.addEventListener("click", action);
  return button;
}

function listen() {
  const clicks = {
    contours: () => toggleContours(), "zoom-in": () => viewer.zoomBy(1.3), "zoom-out": () => viewer.zoomBy(1 / 1.3),
    "zoom-off": () => viewer.resetZoom(), pause: togglePause, save, next: selectNext,
    "to-grading": () => showPanel("grading"), "to-timing": () => showPanel("timing"),
  };
  for (const [id, action] of Object.entries(clicks)) element(id).addEventListener("click", action);
  for (const [id, field] of [["reader", "reader"], ["remark", "remark"]]) {
    element(id).value = state[field];
    element(id).addEventListener("input", (event) => { state[field] = event.target.value; changed(); });
  }
  element("slider").addEventListener("input", (event) => viewer.show(Number(event.target.value)));
  viewer.onSlice = (index) => { element("slider").value = index; element("picture").dataset.slice = index; };
  document.addEventListener("keydown", pressed);
  for (const kind of ["pointerdown", "pointermove", "wheel", "keydown"]) {
    document.addEventListener(kind, () => { lastInput = performance.now(); }, {passive: true});
  }
  addEventListener("pagehide", () => keep());
  addEventListener("beforeunload", (event) => { if (unsaved && !keeping) event.preventDefault(); });
}

async function start() {
  element("slider").max = packed.length - 1;
  element("windows").replaceChildren(...Object.keys(study.windows_hu).map(
    (name, place) => makeButton(name, () => showWindow(place))));
  element("sets").replaceChildren(...study.sets.map((set) => makeButton(set.name, () => showSet(set))));
  element("sets").hidden = study.sets.length < 2;
  element("works").replaceChildren(...Object.entries(state.works).map(makeWork));
  listen();
  showSet(shownSet);
  showWindow(0);
  showPanel("grading");
  keep();
  tick();
  setInterval(tick, 500);
  setInterval(keep, 5000);
  if (shownSet.structures.length) select(0, true);
  await viewer.show(viewer.index);
  document.body.dataset.ready = "yes";
  await viewer.unpackAll();
}

start().catch((error) => {
  say("The slices cannot be shown. Please use a current Chrome, Edge, Firefox or Safari.");
  throw error;
});
