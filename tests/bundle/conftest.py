"""The shipped configs, with a recipe and a preset so small that a training takes a second."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import monai.bundle  # noqa: F401 (its logger keeps the stderr it is imported with, so not the one of a single test)
import pytest

from rtcontour.files import bundle_root

ROOT = Path(bundle_root())
TINY_PRESET = {
    "size": "cpu", "batch": 1, "accumulate": 2, "iterations": 2, "workers": 0, "cycles": 2, "cycle_epochs": 1
}  # fmt: skip


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def write_recipe(tiny_structures, tiny_patch):
    """Writes the default recipe with tiny patches, two epochs, and the changes asked for."""
    default = json.loads((ROOT / "configs" / "recipes" / "pelvis_fcn.json").read_text())["recipe"]
    tiny = {"name": "tiny", "checkpoint": "tiny.pt", "structures": tiny_structures, "patch": tiny_patch, "epochs": 2}
    tiny["postprocessing"] = {"connectivity": 26}
    tiny["cycle"] = {"epochs": 1, "folds": 2, "mined_share": 0.1}

    def write(path, **changes):
        path.write_text(json.dumps({"recipe": {**default, **tiny, **changes}}))
        return str(path)

    return write


@pytest.fixture(scope="session")
def recipe(tmp_path_factory, write_recipe):
    return write_recipe(tmp_path_factory.mktemp("recipe") / "tiny.json")


@pytest.fixture(scope="session")
def tiny_preset():
    return TINY_PRESET


@pytest.fixture(scope="session")
def preset(tmp_path_factory):
    path = tmp_path_factory.mktemp("preset") / "tiny.json"
    path.write_text(json.dumps({"preset": TINY_PRESET}))
    return str(path)


@contextlib.contextmanager
def as_in_a_process():
    """From the repository root, where MONAI finds the default recipe; hook and log handlers are put back."""
    hook, root_logger, ignite = sys.excepthook, logging.getLogger(), logging.getLogger("ignite.engine.engine")
    handlers, level, ignite_level = root_logger.handlers[:], root_logger.level, ignite.level
    try:
        with contextlib.chdir(ROOT):
            yield
    finally:
        sys.excepthook = hook
        root_logger.handlers[:] = handlers
        root_logger.setLevel(level)
        ignite.setLevel(ignite_level)


@pytest.fixture(scope="session")
def run_workflow():
    """Runs configs through MONAI's ConfigWorkflow and gives it, initialised and run, with what it printed."""
    from monai.bundle import ConfigWorkflow

    def run(config_files, workflow_type, **options):
        said = io.StringIO()
        with as_in_a_process(), contextlib.redirect_stdout(said):
            workflow = ConfigWorkflow(
                config_files,
                logging_file=False,
                workflow_type=workflow_type,
                **{name: str(value) if isinstance(value, Path) else value for name, value in options.items()},
            )
            workflow.initialize()
            workflow.run()
            workflow.finalize()
        return workflow, said.getvalue()

    return run


@pytest.fixture
def fail_here(capsys):
    """What `python -m monai.bundle run` would say and end with, without the seconds that a new process takes."""
    from monai.bundle import run

    def fail(config_files, **options):
        options = {name: str(value) if isinstance(value, Path) else value for name, value in options.items()}
        with as_in_a_process():
            try:
                run(config_file=config_files, **options)
            except Exception as error:
                sys.excepthook(type(error), error, error.__traceback__)
            else:
                pytest.fail("the run did not fail")
        return capsys.readouterr()

    return fail


def monai_process(config_files, environment=(), **options):
    """`python -m monai.bundle run` as a process of its own."""
    command = [sys.executable, "-m", "monai.bundle", "run", "--config_file", str(config_files)]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **dict(environment)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def run_process():
    return monai_process
