"use strict";
// Finds, sorts and shows findings; keeps decisions in the browser and saves them as review.csv.

const element = (id) => document.getElementById(id);
const {store, decisions: given} = JSON.parse(element("state").textContent);
const rows = [...document.querySelectorAll("#list tbody tr")];
const COLUMNS = ["case", "structure", "decision", "comment"];
const WORDS = {exclude: "exclude", "not contoured": "not contoured", keep: "fine"};

// ---- decisions: by case and structure, "" for the case itself ----

const keyOf = (name, structure) => JSON.stringify([name, structure]);
let decisions = load();
let unsaved = false;

function load() {
  const before = new Map(given.map((one) => [keyOf(one.case, one.structure), {decision: one.decision, comment: one.comment}]));
  try {
    for (const [key, entry] of JSON.parse(localStorage.getItem(store)) || []) before.set(key, entry);
  } catch {
    element("not-kept").hidden = false;
  }
  return before;
}

function keep() {
  unsaved = true;
  try {
    localStorage.setItem(store, JSON.stringify([...decisions]));
  } catch {
    element("not-kept").hidden = false;
  }
}

const entryAt = (key) => decisions.get(key) || {decision: "", comment: ""};

// What holds for a finding: its case is out, or what was decided about its structure.
function decisionOf({dataset}) {
  if (dataset.case && entryAt(keyOf(dataset.case, "")).decision === "exclude") return "exclude";
  return dataset.case ? entryAt(keyOf(dataset.case, dataset.structure)).decision : "";
}

// A comment belongs to what was decided, so that it stands in the line of the CSV that has the decision.
function keyOfRow(row) {
  return keyOf(row.dataset.case, decisionOf(row) === "exclude" ? "" : row.dataset.structure);
}

function decide(row, decision) {
  const {case: name, structure} = row.dataset;
  if (!name || (decision === "not contoured" && !structure)) return;
  const {comment} = entryAt(keyOfRow(row));
  const again = decisionOf(row) === decision;
  if (decisionOf(row) === "exclude") decisions.delete(keyOf(name, ""));
  const key = keyOf(name, decision === "exclude" ? "" : structure);
  if (again) decisions.delete(key);
  else decisions.set(key, {decision, comment});
  keep();
  refresh();
}

function remark(row, comment) {
  const key = keyOfRow(row);
  const entry = {...entryAt(key), comment};
  if (entry.decision || comment) decisions.set(key, entry);
  else decisions.delete(key);
  keep();
}

function csvField(value) {
  const text = String(value ?? "").replace(/\s+/g, " ").trim();
  return /[",;]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function save() {
  const lines = [...decisions].map(([key, entry]) => [...JSON.parse(key), entry.decision || "keep", entry.comment]);
  lines.sort((a, b) => (a[0] + a[1] < b[0] + b[1] ? -1 : 1));
  const text = "\ufeff" + [COLUMNS, ...lines].map((line) => line.map(csvField).join(",") + "\r\n").join(""); // the mark tells Excel
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], {type: "text/csv;charset=utf-8"}));
  link.download = "review.csv";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  unsaved = false;
  tell();
}

function tell() {
  const count = [...decisions.values()].filter(({decision}) => decision).length;
  element("decided").textContent = `${count} decided${unsaved ? ", not saved" : ""}`;
}

// ---- the list ----

let active = null;
const shownRows = () => [...document.querySelectorAll("#list tbody tr")].filter((row) => !row.hidden);

function filter() {
  if (!rows.length) return;
  const wanted = Object.fromEntries(["severity", "code", "structure", "decision"].map((id) => [id, element(id).value]));
  const words = element("words").value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const row of rows) {
    const {severity, code, structure} = row.dataset;
    const text = row.textContent.toLowerCase();
    row.hidden = !(
      (!wanted.severity || wanted.severity === severity || (wanted.severity === "above note" && severity !== "note")) &&
      (!wanted.code || wanted.code === code) && (!wanted.structure || wanted.structure === structure) &&
      (!wanted.decision || (wanted.decision === "made") === Boolean(decisionOf(row))) &&
      words.every((word) => text.includes(word)));
  }
  const count = shownRows().length;
  element("shown").textContent = count === rows.length ? `${count} findings` : `${count} of ${rows.length} findings`;
}

function clearFilters() {
  for (const id of ["words", "severity", "code", "structure", "decision"]) element(id).value = "";
  filter();
}

function showOnly(id, value) {
  clearFilters();
  element(id).value = value;
  filter();
  element("findings").scrollIntoView();
  const first = shownRows()[0];
  if (first) choose(first, false);
}

function cellValue(cell) {
  const text = cell.dataset.value ?? cell.textContent.trim();
  const number = Number(text.replace("−", "-").replace("%", ""));
  return text !== "" && !Number.isNaN(number) ? number : text;
}

function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), undefined, {numeric: true});
}

function sortBy(header) {
  const descending = header.getAttribute("aria-sort") === "ascending";
  for (const other of header.parentElement.children) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", descending ? "descending" : "ascending");
  const body = header.closest("table").tBodies[0];
  const values = new Map([...body.rows].map((row) => [row, cellValue(row.cells[header.cellIndex])]));
  const sorted = [...body.rows].sort((a, b) => compare(values.get(a), values.get(b)) * (descending ? -1 : 1));
  body.append(...sorted);
}

// ---- one finding ----

function choose(row, focus = true) {
  if (!row) return;
  active?.classList.remove("active");
  active = row;
  row.hidden = false;
  row.classList.add("active");
  row.scrollIntoView({block: "nearest"});
  if (focus) row.focus({preventScroll: true});
  history.replaceState(null, "", `#${row.id}`);
  show();
}

function copyViews(number) {
  const template = element(`p${number}`);
  return template ? [template.content.cloneNode(true)] : [];
}

function show() {
  const {case: name, structure, code} = active.dataset;
  document.querySelector("#pane .hint").hidden = true;
  element("chosen").hidden = false;
  document.querySelector("#chosen h3").textContent = [name || "Data set", structure].filter(Boolean).join(" · ");
  element("message").textContent = `${code}: ${active.querySelector(".text").textContent}`;
  const views = copyViews(active.id.slice(1));
  if (!views.length) views.push("No picture of this one.");
  element("views").replaceChildren(...views);
  element("same-case").textContent = name ? `all findings of ${name}` : "";
  element("deciding").hidden = !name;
  element("comment").value = name ? entryAt(keyOfRow(active)).comment : "";
  refresh();
}

function refresh() {
  for (const row of rows) {
    const decision = decisionOf(row);
    const cell = row.querySelector(".decision");
    cell.textContent = WORDS[decision] || "";
    cell.dataset.decision = decision;
    row.classList.toggle("decided", Boolean(decision));
  }
  for (const row of document.querySelectorAll("[data-case-row]")) {
    const cell = row.querySelector(".decision");
    const {decision} = entryAt(keyOf(row.dataset.caseRow, ""));
    cell.textContent = WORDS[decision] || "";
    cell.dataset.decision = decision;
  }
  for (const button of document.querySelectorAll("[data-decision]:is(button)")) {
    const {decision} = button.dataset;
    button.setAttribute("aria-pressed", Boolean(active) && decisionOf(active) === decision);
    button.disabled = decision === "not contoured" && !active?.dataset.structure;
  }
  tell();
}

function step(by) {
  const shown = shownRows();
  const here = shown.indexOf(active);
  choose(shown[here < 0 ? 0 : Math.min(Math.max(here + by, 0), shown.length - 1)]);
}

function toggleOutlines() {
  const off = document.body.classList.toggle("no-outlines");
  element("outlines").setAttribute("aria-pressed", !off);
}

// ---- keys, clicks, start ----

const KEYS = {
  ArrowDown: () => step(1), ArrowUp: () => step(-1), j: () => step(1), k: () => step(-1),
  PageDown: () => step(15), PageUp: () => step(-15), o: toggleOutlines, s: save,
  x: () => active && decide(active, "exclude"), n: () => active && decide(active, "not contoured"),
  f: () => active && decide(active, "keep"), c: () => active && element("comment").focus(), "/": () => element("words").focus(),
};

document.addEventListener("keydown", (event) => {
  const writing = event.target.matches("input, select, textarea");
  if (event.key === "Escape" && writing) {
    event.target.blur();
    active?.focus({preventScroll: true});
    return;
  }
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  const action = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (writing || !plain || !action || !rows.length) return;
  if (event.key.startsWith("Arrow") || event.key.startsWith("Page")) {
    if (!active && !element("list").contains(event.target)) return; // the page scrolls until a finding is chosen
  }
  event.preventDefault();
  action();
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  const {filterStructure, filterCase} = link?.dataset ?? {};
  if (filterStructure !== undefined || filterCase !== undefined || link?.id === "same-case") {
    event.preventDefault();
    if (filterStructure !== undefined) showOnly("structure", filterStructure);
    else showOnly("words", filterCase ?? active.dataset.case);
    return;
  }
  const row = link?.hash ? rows.find((one) => `#${one.id}` === link.hash) : event.target.closest("#list tbody tr");
  if (!row) return;
  event.preventDefault();
  if (link && !element("list").contains(link)) element("findings").scrollIntoView();
  choose(row);
});

function chooseByHash() {
  const row = rows.find((one) => `#${one.id}` === location.hash);
  if (!row) return;
  element("findings").scrollIntoView();
  choose(row);
}

for (const header of document.querySelectorAll(".sortable th:not([data-unsorted])")) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...header.childNodes);
  header.append(button);
  button.addEventListener("click", () => sortBy(header));
}
for (const button of document.querySelectorAll("button[data-decision]")) {
  button.addEventListener("click", () => decide(active, button.dataset.decision));
}
for (const place of document.querySelectorAll("[data-views]")) place.append(...copyViews(place.dataset.views));
if (rows.length) {
  for (const id of ["words", "severity", "code", "structure", "decision"]) element(id).addEventListener("input", filter);
  element("clear").addEventListener("click", clearFilters);
  element("outlines").addEventListener("click", toggleOutlines);
  element("comment").addEventListener("input", (event) => { remark(active, event.target.value); tell(); });
}
element("save").addEventListener("click", save);
addEventListener("hashchange", chooseByHash);
addEventListener("load", chooseByHash); // the browser has by then scrolled to the row itself, which hides the filters
addEventListener("beforeunload", (event) => { if (unsaved && !element("not-kept").hidden) event.preventDefault(); });
filter();
refresh();
chooseByHash();
document.body.dataset.ready = "yes";
