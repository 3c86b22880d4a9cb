import json

import numpy as np
import pytest
import torch
from ignite.engine import Engine

from rtcontour.grid import Grid
from rtcontour.training import ScoreCases
from rtcontour.transforms import image_tensor

STRUCTURES = ["Bladder", "Rectum", "CTVn"]
GRID = Grid((6, 5, 4), (1.0, 2.0, 3.0), (0.0, 0.0, 0.0))


def case(predicted, truth, annotated):
    """Label maps from {label: voxel indices}."""
    maps = []
    for voxels in (predicted, truth):
        array = np.zeros(GRID.shape, np.uint8, order="F")
        for label, places in voxels.items():
            for place in places:
                array[place] = label
        maps.append(array)
    return {
        "pred": torch.from_numpy(maps[0])[None],
        "label": image_tensor(maps[1], GRID, "label"),
        "annotated": torch.tensor([True, *annotated]),
        "case": "c",
    }


def evaluate(folder, *cases):
    engine = Engine(lambda engine, batch: [batch])
    ScoreCases(STRUCTURES, folder).attach(engine)
    engine.run(list(cases))
    text = (folder / "summary.json").read_text()
    return json.loads(text, parse_constant=pytest.fail)  # NaN and Infinity are no JSON


def test_the_summary_has_the_form_and_the_numbers_of_the_design(tmp_path):
    one_off = case({1: [(1, 1, 1), (1, 1, 2)]}, {1: [(1, 1, 1)], 2: [(4, 4, 3)]}, [True, True, False])
    exact = case({1: [(1, 1, 1)], 3: [(0, 0, 0)]}, {1: [(1, 1, 1)]}, [True, True, True])
    summary = evaluate(tmp_path, one_off, exact)
    bladder, rectum, ctv = (summary["structures"][name] for name in STRUCTURES)
    assert bladder["dice"] == {"mean": pytest.approx(5 / 6), "median": pytest.approx(5 / 6), "n": 2}
    # one directed set is (0, 3) mm, the other (0): MSD (1.5 + 0) / 2; HD95 0.95 * 3
    assert bladder["msd_mm"] == {"mean": pytest.approx(0.375), "median": pytest.approx(0.375), "n": 2}
    assert bladder["hd95_mm"]["mean"] == pytest.approx(2.85 / 2)
    assert (bladder["missed"], bladder["false_organs"]) == (0, 0)
    assert rectum["dice"] == {"mean": 0.0, "median": 0.0, "n": 1}  # missed once, empty in both once
    assert rectum["msd_mm"] == {"mean": None, "median": None, "n": 0}
    assert (rectum["missed"], rectum["false_organs"]) == (1, 0)
    assert ctv["dice"]["n"] == 1 and (ctv["missed"], ctv["false_organs"]) == (0, 1)
    assert summary["mean_dice"] == pytest.approx((5 / 6 + 0 + 0) / 3)
    assert set(summary) == {"structures", "mean_dice"}
    assert set(bladder) == {"dice", "msd_mm", "hd95_mm", "missed", "false_organs"}


def test_nothing_to_score_has_no_mean(tmp_path):
    summary = evaluate(tmp_path, case({}, {}, [True, True, False]))
    assert summary["mean_dice"] is None
    assert all(scores["dice"] == {"mean": None, "median": None, "n": 0} for scores in summary["structures"].values())


def test_every_run_counts_its_own_cases(tmp_path):
    engine = Engine(lambda engine, batch: [batch])
    ScoreCases(STRUCTURES, tmp_path, replace=True).attach(engine)
    exact = case({1: [(1, 1, 1)]}, {1: [(1, 1, 1)]}, [True, True, True])
    engine.run([exact, exact])
    engine.run([exact])
    assert json.loads((tmp_path / "summary.json").read_text())["structures"]["Bladder"]["dice"]["n"] == 1
