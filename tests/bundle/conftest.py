"""The shipped configs, with a recipe and a preset so small that a training takes a second."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rtcontour.files import bundle_root

ROOT = Path(bundle_root())


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(autouse=True)
def from_the_root(monkeypatch):
    """MONAI finds the default recipe of a config from the folder it is started in."""
    monkeypatch.chdir(ROOT)


def small_recipe(structures, patch):
    recipe = json.loads((ROOT / "configs" / "recipes" / "pelvis_fcn.json").read_text())["recipe"]
    small = {"name": "tiny", "checkpoint": "tiny.pt", "structures": structures, "patch": patch, "epochs": 2}
    return {"recipe": {**recipe, **small}}


@pytest.fixture(scope="session")
def write_recipe(tiny_structures, tiny_patch):
    """Writes the default recipe with tiny patches, two epochs, and the changes asked for."""

    def write(path, **changes):
        content = small_recipe(tiny_structures, tiny_patch)
        content["recipe"].update(changes)
        path.write_text(json.dumps(content))
        return str(path)

    return write


@pytest.fixture(scope="session")
def recipe(tmp_path_factory, write_recipe):
    return write_recipe(tmp_path_factory.mktemp("recipe") / "tiny.json")


@pytest.fixture(scope="session")
def preset(tmp_path_factory):
    path = tmp_path_factory.mktemp("preset") / "tiny.json"
    path.write_text(json.dumps({"preset": {"size": "cpu", "batch": 1, "accumulate": 2, "iterations": 2}}))
    return str(path)


@pytest.fixture(scope="session")
def monai_run():
    """Runs `python -m monai.bundle run` as a process of its own, from the repository root."""

    def run(config_files, environment=(), **options):
        command = [sys.executable, "-m", "monai.bundle", "run", "--config_file", str(config_files)]
        for name, value in options.items():
            command += [f"--{name}", str(value)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", **dict(environment)}
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    return run
