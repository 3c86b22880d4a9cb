import re
import warnings
from dataclasses import replace

import numpy as np
import pytest

from rtcontour.evaluation.comparison import Comparison
from rtcontour.grid import Grid
from rtcontour.mask import Mask
from rtcontour.metrics import StructureScores


@pytest.fixture(autouse=True)
def no_warnings():
    """matplotlib warns of what a reader would see: missing letters, empty limits."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def scored(dice, hd95_mm=5.0, volume_cc=90.0):
    return StructureScores(
        "compared", volume_cc, 100.0, volume_cc / 100 - 1, dice, dice, 0.999, dice, hd95_mm=hd95_mm, msd_mm=1.0
    )


MISSED = StructureScores("missed", 0.0, 100.0, -1.0, 0.0, 0.0, 1.0)
FALSE_ORGAN = StructureScores("false organ", 7.0, 0.0, None, 0.0, None, 0.99, 0.0)


@pytest.fixture
def comparison():
    """Bladder by two methods in seven cases, one missed and one false in the first; Rectum in one case."""
    ours = {f"c{n}": {"Bladder": scored(0.80 + 0.02 * n, 3.0 + n)} for n in range(5)}
    ours |= {"c5": {"Bladder": MISSED}, "c6": {"Bladder": FALSE_ORGAN}}
    theirs = {f"c{n}": {"Bladder": scored(0.70 + 0.02 * n, 4.0 + n, 110.0)} for n in range(7)}
    ours["c0"]["Rectum"] = scored(0.6)
    return Comparison({"model": ours, "atlas": theirs}, {"c0": "cervix", "c1": "cervix"})


@pytest.fixture
def one_value():
    return Comparison({"model": {"c0": {"Bladder": scored(0.9)}}})


@pytest.fixture
def nothing():
    return Comparison({"model": {"c0": {"Bladder": StructureScores("not contoured", 3.0)}}})


@pytest.fixture
def outlier():
    scores = {f"c{n}": {"Bladder": scored(0.9, 3.0 + 0.1 * n)} for n in range(10)}
    scores["c9"]["Bladder"] = replace(scores["c9"]["Bladder"], hd95_mm=312.0)
    return Comparison({"model": scores})


@pytest.fixture
def marks_in():
    """How often the SVG draws a marker in the group of that gid."""

    def count(path, gid):
        text = path.read_text()
        return sum(part.count("<use ") for part in re.findall(rf'<g id="{gid}">(.*?)</g>\s*(?=<g id|</g>)', text, re.S))

    return count


@pytest.fixture
def ct():
    """A small rectangular, anisotropic CT with a box each as prediction and truth, the former one voxel longer."""
    grid = Grid((40, 30, 12), (2.0, 3.0, 5.0), (0.0, 0.0, 0.0))
    hu = np.asfortranarray(np.random.default_rng(1).normal(30, 20, grid.shape).astype(np.int16))
    return hu, grid, box(grid, (10, 21), (8, 16), (3, 8)), box(grid, (10, 20), (8, 16), (3, 8))


def box(grid, i, j, k):
    array = np.zeros(grid.shape, bool)
    array[slice(*i), slice(*j), slice(*k)] = True
    return Mask.from_array(array, grid)
