"use strict";
// The page: what the reader enters, kept in the browser, and how it is shown. Clocks, CSV and controls follow.

const study = JSON.parse(document.getElementById("study").textContent);
const packed = document.getElementById("slices").textContent.trim().split("\n");
const grades = Object.keys(study.grades);
const element = (id) => document.getElementById(id);
const viewer = new Viewer(element("picture"), study, packed);

// Entries are keyed by set letter and position, "A/0", since a structure's name may be any text.
const entryKey = (set, index) => `${set.name}/${index}`;
const everyKey = study.sets.flatMap((set) => set.structures.map((_, index) => entryKey(set, index)));
const emptyState = {
  reader: "", remark: "",
  entries: Object.fromEntries(everyKey.map((key) => [key, {grade: "", seconds: 0, comment: ""}])),
  works: Object.fromEntries(["1", ...study.sets.map((set) => `2${set.name}`)].map(
    (work) => [work, {seconds: 0, since: null, minutes: ""}])), // "1" or "2A": mode and set
};
let state = load();
let [shownSet, active] = [study.sets[0], 0];
let contoursOn = true;
const hidden = new Set();

// ---- keeping ----

let keeping = true; // whether the browser keeps entries of a local file
let unsaved = false;

function load() {
  try {
    const kept = JSON.parse(localStorage.getItem(study.store)) || {};
    return {...structuredClone(emptyState), ...kept};
  } catch {
    return structuredClone(emptyState);
  }
}

function keep() {
  try {
    localStorage.setItem(study.store, JSON.stringify(state));
  } catch {
    keeping = false;
    element("not-kept").hidden = false;
  }
}

function changed() {
  unsaved = true;
  say("");
  keep();
  showProgress();
}

// ---- structures and grades ----

const entryOf = (index, set = shownSet) => state.entries[entryKey(set, index)];
const countGraded = (set) => set.structures.filter((_, index) => entryOf(index, set).grade).length;

function slicesOf(structure) {
  return Object.keys(structure.contours).map(Number).sort((a, b) => a - b);
}

function showSet(set) {
  const name = shownSet.structures[active]?.name;
  shownSet = set;
  active = Math.max(0, set.structures.findIndex((structure) => structure.name === name));
  element("structures").replaceChildren(...set.structures.map(makeRow));
  refresh();
}

function makeRow(structure, index) {
  const row = element("row").content.firstElementChild.cloneNode(true);
  const part = (name) => row.querySelector(`.${name}`);
  row.dataset.index = index;
  row.style.setProperty("--color", structure.color);
  part("name").textContent = structure.name;
  part("name").addEventListener("click", () => select(index, true));
  part("swatch").setAttribute("aria-label", `contours of ${structure.name}`);
  part("swatch").addEventListener("click", () => toggleStructure(structure.name));
  const slices = slicesOf(structure);
  const places = {first: slices[0], middle: slices[slices.length >> 1], last: slices.at(-1)};
  part("range").textContent = slices.length ? `slices ${places.first + 1} to ${places.last + 1}` : "no contours";
  for (const [name, slice] of Object.entries(places)) {
    part(name).disabled = !slices.length;
    part(name).addEventListener("click", () => viewer.show(slice));
  }
  part("grades").replaceChildren(...grades.map((grade, place) => makeGrade(index, grade, place)));
  part("comment").value = entryOf(index).comment;
  part("comment").setAttribute("aria-label", `comment on ${structure.name}`);
  part("comment").addEventListener("input", (event) => {
    state.entries[entryKey(shownSet, index)].comment = event.target.value;
    changed();
  });
  return row;
}

function makeGrade(index, grade, place) {
  const button = element("grade").content.firstElementChild.cloneNode(true);
  button.dataset.grade = grade;
  button.querySelector("kbd").textContent = place + 1;
  button.querySelector("b").textContent = grade;
  button.querySelector("small").textContent = study.grades[grade];
  button.addEventListener("click", () => setGrade(index, grade));
  return button;
}

// The same grade again takes it back.
function setGrade(index, grade) {
  const entry = entryOf(index);
  entry.grade = entry.grade === grade ? "" : grade;
  changed();
  refresh();
}

function select(index, jump) {
  active = index;
  refresh();
  element("structures").children[index].scrollIntoView({block: "nearest"});
  const slices = slicesOf(shownSet.structures[index]);
  if (jump && slices.length) viewer.show(slices[slices.length >> 1]);
}

// The next structure without a grade: in this set, then in the others.
function selectNext() {
  const order = study.sets.flatMap((set) => set.structures.map((_, index) => [set, index]));
  const here = order.findIndex(([set, index]) => set === shownSet && index === active);
  const next = [...order.slice(here + 1), ...order.slice(0, here)].find(([set, index]) => !entryOf(index, set).grade);
  if (!next) return;
  if (next[0] !== shownSet) showSet(next[0]);
  select(next[1], true);
}

function toggleStructure(name) {
  if (!hidden.delete(name)) hidden.add(name);
  refresh();
}

function toggleContours(on = !contoursOn) {
  contoursOn = on;
  refresh();
}

// ---- showing ----

function refresh() {
  const rows = [...element("structures").children];
  rows.forEach((row, index) => {
    const {name} = shownSet.structures[index];
    const {grade} = entryOf(index);
    row.classList.toggle("active", index === active);
    row.querySelector(".name").setAttribute("aria-expanded", index === active);
    row.querySelector(".swatch").setAttribute("aria-pressed", !hidden.has(name));
    const chip = row.querySelector(".chip");
    chip.textContent = grade || "not graded";
    chip.dataset.grade = grade;
    for (const button of row.querySelectorAll(".grades button")) {
      button.setAttribute("aria-pressed", button.dataset.grade === grade);
    }
  });
  element("contours").setAttribute("aria-pressed", contoursOn);
  const drawn = contoursOn ? shownSet.structures : [];
  viewer.setContours(drawn.map((structure, index) => ({...structure, active: index === active}))
    .filter(({name}) => !hidden.has(name)));
  showProgress();
  showExtent();
}

function showProgress() {
  const graded = study.sets.reduce((sum, set) => sum + countGraded(set), 0);
  element("progress").textContent = `${graded} of ${everyKey.length} graded`;
  element("progress").classList.toggle("complete", graded === everyKey.length);
  element("bar").style.width = `${100 * graded / Math.max(everyKey.length, 1)}%`;
  for (const [place, tab] of [...element("sets").children].entries()) {
    const set = study.sets[place];
    tab.textContent = `Set ${set.name}  ${countGraded(set)}/${set.structures.length}`;
    tab.setAttribute("aria-pressed", set === shownSet);
  }
}

// Where along the slider the active structure lies.
function showExtent() {
  const slices = shownSet.structures[active] ? slicesOf(shownSet.structures[active]) : [];
  const extent = element("extent").style;
  extent.left = `${100 * (slices[0] ?? 0) / packed.length}%`;
  extent.width = slices.length ? `${100 * (slices.at(-1) - slices[0] + 1) / packed.length}%` : "0";
  extent.background = shownSet.structures[active]?.color;
}

function say(text) {
  element("message").textContent = text;
}
