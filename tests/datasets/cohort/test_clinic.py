"""A whole clinic with planted defects, drawn, imported and audited by scripts/clinic_audit.py."""

import runpy
from pathlib import Path

SCRIPT = Path(__file__).parents[3] / "scripts" / "clinic_audit.py"
COARSE = {"spacing_mm": (5.0, 5.0, 6.0), "columns_rows": (104, 88)}


def test_all_that_is_planted_is_found_and_clean_patients_are_left_alone(tmp_path):
    result = runpy.run_path(str(SCRIPT))["try_clinic"](tmp_path, 18, 3, COARSE)
    assert (result.missed, result.false_alarms) == ([], [])
    assert result.found == 12 and result.clean == 6
