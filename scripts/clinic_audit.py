"""Import and audit synthetic clinics: which planted defects are found, and what is said of patients without any.

    python scripts/clinic_audit.py WORK [--seeds 1 2 3] [--patients 60] [--full]

A coarse clinic of 60 patients takes about a minute on two cores, one with scans of full size (--full) an hour. WORK
keeps clinics, data sets and audits; the same command draws nothing twice.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rtcontour.datasets.cohort import import_archive
from rtcontour.phantom.clinic import write_clinic
from rtcontour.processors import count_processors

COARSE = {"spacing_mm": (4.0, 4.0, 5.0), "columns_rows": (128, 112)}
RECIPE = "pelvis_fcn"


@dataclass(frozen=True)
class Result:
    """What the audit of one clinic came to.

    Attributes:
        found: planted defects that were told, refused or, where nothing is to be told, put right.
        missed: kind and patient of each other planted defect.
        clean: how many patients have no defect.
        false_alarms: warnings and errors about them, in words.
    """

    found: int
    missed: list[str]
    clean: int
    false_alarms: list[str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path, help="folder that keeps clinics, data sets and audits")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--patients", type=int, default=60)
    parser.add_argument("--full", action="store_true", help="scans of full size")
    arguments = parser.parse_args()
    results = {}
    for seed in arguments.seeds:
        place = arguments.work / f"{arguments.patients}_{seed}{'_full' if arguments.full else ''}"
        results[seed] = try_clinic(place, arguments.patients, seed, {} if arguments.full else COARSE)
        tell(seed, results[seed])
    total = Counter()
    for one in results.values():
        total += Counter(found=one.found, missed=len(one.missed), clean=one.clean, alarms=len(one.false_alarms))
    print(
        f"{total['found']} of {total['found'] + total['missed']} defects found; "
        f"{total['alarms']} false alarms about {total['clean']} clean patients"
    )


def try_clinic(place: Path, patients: int, seed: int, size: dict[str, Any]) -> Result:
    """Draw a clinic that is not there yet, import it anew, and compare what was told with what was planted."""
    clinic, data = place / "clinic", place / "data"
    if not clinic.exists():
        write_clinic(clinic, patients=patients, seed=seed, workers=count_processors(), **size)
    for folder in (data, data.with_name("data.key")):
        shutil.rmtree(folder, ignore_errors=True)
    import_archive(clinic / "export", data, recipe=RECIPE, findings=[])
    planted = json.loads((clinic / "planted.json").read_text())
    return compare(planted, data, data.with_name("data.key"))


def compare(planted: dict[str, Any], data: Path, key: Path) -> Result:
    """What `planted` says against what the import of `data` refused and its audit told."""
    names = pseudonyms(key)
    refused = json.loads((data / "cohort.json").read_text())["not_imported"]
    told = json.loads((data / "audit" / "audit.json").read_text())["findings"]
    codes = {(one["case"], one["code"]) for one in told}
    missed = []
    for defect in planted["defects"]:
        case = names.get(defect["patient_id"], "")
        is_told = defect["finding"] is None or (case, defect["finding"]) in codes
        if (case in refused) != defect["not_imported"] or not (is_told or defect["not_imported"]):
            missed.append(f"{defect['kind']} of {defect['structure'] or 'the patient'}, {case}")
    clean = [names[patient] for patient in planted["clean"]]
    alarms = [f"{case} was not imported: {refused[case]}" for case in clean if case in refused]
    alarms += list(in_words(one for one in told if one["case"] in clean and one["severity"] != "note"))
    return Result(len(planted["defects"]) - len(missed), missed, len(clean), alarms)


def pseudonyms(key: Path) -> dict[str, str]:
    """Patient ID -> pseudonym."""
    with (key / "patients.csv").open(newline="", encoding="utf-8") as file:
        return {row["patient_id"]: row["pseudonym"] for row in csv.DictReader(file)}


def in_words(findings: Iterable[dict[str, Any]]) -> Iterable[str]:
    return (f"{one['case']} {one['structure']}: {one['code']}, {one['message']}" for one in findings)


def tell(seed: int, result: Result) -> None:
    print(f"seed {seed}: {result.found} found, {len(result.missed)} missed, {len(result.false_alarms)} false alarms")
    for line in (*(f"missed: {one}" for one in result.missed), *(f"false: {one}" for one in result.false_alarms)):
        print(f"  {line}", flush=True)


if __name__ == "__main__":
    main()
