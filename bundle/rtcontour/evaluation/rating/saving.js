"use strict";
// The CSV that the reader saves; ratings_file.py reads it.

const COLUMNS = ["study", "set", "structure", "grade", "seconds", "mode", "minutes", "reader", "comment"];

function csvRows(reader) {
  const rows = study.sets.flatMap((set) => set.structures.map(({name}, index) => {
    const {grade, seconds, comment} = entryOf(index, set);
    return {study: study.code, set: set.name, structure: name, grade, seconds: Math.round(seconds), reader, comment};
  }));
  for (const [name, {minutes}] of Object.entries(state.works)) {
    if (minutes !== "") rows.push({study: study.code, set: name.slice(1), mode: name[0], minutes, reader});
  }
  if (state.remark.trim()) rows.push({study: study.code, reader, comment: state.remark});
  return rows;
}

function csvField(value) {
  const text = String(value ?? "").replace(/\s+/g, " ").trim();
  return /[",;]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function save() {
  const reader = state.reader.trim();
  const badMinutes = Object.values(state.works).some(({minutes}) => minutes !== "" && !(Number(minutes) >= 0));
  if (!reader) {
    element("reader").focus();
    return say("Please enter your name or initials first.");
  }
  if (badMinutes) return say("Please correct the minutes of the time study: a number, 0 or more.");
  const lines = [COLUMNS, ...csvRows(reader).map((row) => COLUMNS.map((column) => row[column]))];
  const text = "\ufeff" + lines.map((line) => line.map(csvField).join(",") + "\r\n").join(""); // the mark tells Excel
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], {type: "text/csv;charset=utf-8"}));
  link.download = `rating-${study.code}-${reader.replace(/[^\p{L}\p{N}]+/gu, "_")}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  unsaved = false;
  const left = Object.values(state.entries).filter(({grade}) => !grade).length;
  const running = runningWork() ? " A clock of the time study is still running." : "";
  say(`Saved ${link.download}.${left ? ` ${left} not graded: they count as not rated.` : ""}${running}`);
}
