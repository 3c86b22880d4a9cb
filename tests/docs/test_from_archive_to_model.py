"""docs/from-archive-to-model.md does what it says, with a small clinic and a small training."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from rtcontour.datasets import read_datalist

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "from-archive-to-model.md").read_text()
SMALL_CLINIC = "--patients 9 --slices 24 --columns-rows 100 84 --spacing 5 5 8"
SMALL_RECIPE = {"patch": [40, 40, 16], "epochs": 2, "cycle": {"epochs": 1, "folds": 2, "mined_share": 0.1}}
SMALL_PRESET = {
    "size": "cpu", "batch": 1, "accumulate": 1, "iterations": 2, "workers": 0, "cycles": 1, "cycle_epochs": 1
}  # fmt: skip


def commands(start):
    """The page's commands that begin with these words, in order."""
    blocks = re.findall(r"^```console\n(.*?)^```$", PAGE, re.M | re.S)
    return [line for block in blocks for line in block.splitlines() if line.startswith(start)]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def run(place):
    """Runs a command of the page as if it stood in a folder of its own; gives what it printed."""
    programs = {"rtcontour": [str(Path(sys.executable).with_name("rtcontour"))], "python": [sys.executable]}

    def run(line, *more):
        program, *words = shlex.split(line)
        words = [word.replace("output/", f"{place}/") for word in words]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        command = [*programs[program], *words, *more]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="module")
def data_set(place, run):
    """The page's data set, from the first two commands."""
    (clinic,) = commands("rtcontour phantom clinic")
    run(re.sub(r"--patients \d+", SMALL_CLINIC, clinic))
    (place / "names.json").write_text('{"Our bladder": "Bladder"}')
    first = commands("rtcontour cohort output/clinic")[0]
    assert "audit in" in run(first)
    return place / "pelvis"


def test_every_command_of_the_page_is_one_that_there_is():
    known = (
        "rtcontour phantom clinic ",
        "rtcontour cohort ",
        "rtcontour audit ",
        "python -m monai.bundle run ",
        "python scripts/clinic_audit.py ",
        "dask ",
    )
    lines = commands("")
    assert lines and [line for line in lines if not line.startswith(known)] == []


def test_the_import_leaves_what_the_page_lists(data_set, place):
    planted = json.loads((place / "clinic" / "planted.json").read_text())
    data = read_datalist(data_set)
    refused = {defect["patient_id"] for defect in planted["defects"] if defect["not_imported"]}
    reasons = json.loads((data_set / "cohort.json").read_text())["not_imported"]
    assert len(data.cases) + len(reasons) == 9 and len(reasons) == len(refused)
    for case in data.cases:
        assert (data_set / "records" / f"{case.case}.json").is_file()
        assert {file.name.removesuffix(".nii.gz") for file in (data_set / "masks" / case.case).iterdir()} == {
            *case.annotated
        }
    assert {path.name for path in place.joinpath("pelvis.key").iterdir()} >= {"secret", "patients.csv", "problems.txt"}
    page = (data_set / "audit" / "audit.html").read_text().replace("http://www.w3.org/", "")
    assert "http://" not in page and "https://" not in page


def test_names_review_and_audit_may_be_given_again(data_set, place, run):
    case = read_datalist(data_set).cases[0].case
    (place / "review.csv").write_text(f"case,structure,decision,comment\n{case},,exclude,not ours\n")
    for line in commands("rtcontour cohort output/clinic")[1:]:
        line = line.replace("names.json", f"{place}/names.json").replace("review.csv", f"{place}/review.csv")
        run(line)
    assert case not in {one.case for one in read_datalist(data_set).cases}
    for line in commands("rtcontour audit"):
        run(line)


def test_a_network_learns_from_it_and_is_scored(data_set, place, run):
    recipe = json.loads((ROOT / "configs" / "recipes" / "pelvis_fcn.json").read_text())["recipe"]
    (place / "small.json").write_text(json.dumps({"recipe": {**recipe, **SMALL_RECIPE}}))
    (place / "preset.json").write_text(json.dumps({"preset": SMALL_PRESET}))
    check, train, evaluate = commands("python -m monai.bundle run")
    files = f"['configs/train.json','{place}/small.json','{place}/preset.json']"
    assert "nothing was trained" in run(check.replace("configs/train.json", f'"{files}"'))
    run(train.replace("configs/train.json", f'"{files}"'))
    run(evaluate.replace("configs/evaluate.json", f"\"['configs/evaluate.json','{place}/small.json']\""))
    assert (place / "pelvis_scores" / "report.html").is_file()
