"""docs/add-a-network.md does what it says: its two files make a network that trains, evaluates and contours."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "add-a-network.md").read_text()


def code(language):
    (block,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)
    return block


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    """The folder of the page, with its two files as they are printed there."""
    folder = tmp_path_factory.mktemp("page") / "mine"
    folder.mkdir()
    (folder / "toy_net.py").write_text(code("python"))
    (folder / "toy.json").write_text(code("json"))
    return folder


@pytest.fixture(scope="module")
def run(mine, tiny_data_set):
    """Runs a story of the page in a process of its own, with the page's PYTHONPATH."""

    def run(story, *options):
        command = [sys.executable, "-m", "monai.bundle", "run", "--config_file"]
        command += [f"['configs/{story}.json','{mine}/toy.json']", "--dataset_dir", str(tiny_data_set), *options]
        environment = {**os.environ, "PYTHONPATH": str(mine), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_a_toy_network_is_checked_trained_evaluated_and_used(run, mine, tmp_path, tiny_ct):
    assert "toy_net.ToyNet" in run("train", "--run_id", "check")
    said = run("train", "--output_dir", str(tmp_path / "toy"))
    assert len(re.findall(r"validation: mean Dice", said)) == 4
    weights = tmp_path / "toy" / "model.pt"
    run("evaluate", "--checkpoint", str(weights), "--output_dir", str(tmp_path / "scores"))
    summary = json.loads((tmp_path / "scores" / "summary.json").read_text())
    assert set(summary["structures"]) == {"Bladder", "Rectum"}
    program = str(Path(sys.executable).with_name("rtcontour"))
    command = [program, "contour", str(tiny_ct), str(tmp_path / "rs.dcm"), "--weights", str(weights)]
    with_it = subprocess.run(command, env={"PYTHONPATH": str(mine)}, capture_output=True, text=True, check=False)
    assert with_it.returncode == 0 and (tmp_path / "rs.dcm").is_file(), with_it.stderr
    without = subprocess.run([*command, "--replace"], env={}, capture_output=True, text=True, check=False)
    assert without.returncode == 1
    assert "model.pt: network 'toy_net.ToyNet' is unknown here; update rtcontour, or install" in without.stderr
