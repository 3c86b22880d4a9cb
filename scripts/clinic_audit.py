"""Says of a synthetic clinic and the data set imported from it which defects were found, and what was a false alarm.

    rtcontour phantom clinic CLINIC --patients 60 --seed 1 --columns-rows 128 112 --spacing 4 4 4
    rtcontour cohort CLINIC/export DATASET --recipe pelvis_fcn
    python scripts/clinic_audit.py CLINIC DATASET

It ends with 1 if a defect was missed, or if more than one of twenty clean patients has a finding above a note.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from rtcontour.phantom.clinic.audit_score import score_audit

CLEAN_A_FALSE_ALARM = 20


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clinic", type=Path)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--beside", action="store_true", help="Show what else was found in patients with a defect.")
    given = parser.parse_args()
    score = score_audit(given.clinic, given.dataset)
    told = ", ".join(f"{count} {outcome}" for outcome, count in score.counts.items())
    print(f"{len(score.defects)} defects: {told}")
    for one in score.missed:
        print(f"  missed {one.kind} {one.case} {one.structure} {'; '.join(one.told)}")
    print(f"{score.clean} clean patients, {score.alarmed} with a false alarm")
    for alarm in score.false_alarms:
        print(f"  false alarm {alarm.code} {alarm.case} {alarm.structure}: {alarm.message}")
    codes = Counter(alarm.code for alarm in score.beside)
    print(f"beside the defects: {', '.join(f'{count} {code}' for code, count in codes.most_common()) or 'nothing'}")
    for alarm in score.beside if given.beside else ():
        print(f"  beside {alarm.code} {alarm.case} {alarm.structure}: {alarm.message}")
    return int(bool(score.missed) or CLEAN_A_FALSE_ALARM * score.alarmed > score.clean)


if __name__ == "__main__":
    sys.exit(main())
