from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from rtcontour.cli import main
from rtcontour.dicom import read_ct_geometry, write_structure_set
from rtcontour.mask import Mask


@pytest.fixture
def rtcontour(monkeypatch, capsys):
    """Runs the command in this process and gives its exit code and what it printed."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["rtcontour", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return SimpleNamespace(code=ended.value.code or 0, out=said.out, err=said.err)

    return run


@pytest.fixture
def refused(rtcontour, tmp_path):
    """Runs a command that must fail, and gives its one line; sees to it that `tmp_path` stays as it was."""

    def run(*arguments):
        before = sorted(tmp_path.rglob("*"))
        result = rtcontour(*arguments)
        assert (result.code, result.out) == (1, "")
        assert result.err.startswith("rtcontour: ") and result.err.count("\n") == 1
        assert sorted(tmp_path.rglob("*")) == before
        return result.err

    return run


@pytest.fixture(scope="session")
def tiny_masks(tiny_patient, tiny_grid):
    """The patient's bladder, his rectum under the clinic's own name, and a structure nobody drew."""
    _, labels = tiny_patient()
    arrays = {"Bladder": labels == 1, "Größe/Rectum:*?": labels == 2, "PTV": np.zeros(tiny_grid.shape, bool)}
    return {name: Mask.from_array(array, tiny_grid) for name, array in arrays.items()}


@pytest.fixture(scope="session")
def tiny_rtstruct(tmp_path_factory, tiny_ct, tiny_masks):
    path = tmp_path_factory.mktemp("tiny_rtstruct") / "rs.dcm"
    return write_structure_set(path, tiny_masks, read_ct_geometry(tiny_ct), label="clinic", findings=[])
