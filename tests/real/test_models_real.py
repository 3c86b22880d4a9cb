"""The shipped weights on real patients of RTCONTOUR_DATA, and a training on them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rtcontour.contours import rasterize
from rtcontour.datasets import read_datalist, read_image, read_labels
from rtcontour.dicom import read_ct_series, read_structure_set
from rtcontour.files import bundle_root
from rtcontour.inference import contour_ct, contour_patient, load_model

DATA = Path(os.environ.get("RTCONTOUR_DATA", "nowhere"))
ROOT = Path(bundle_root())
PELVIS, OPENKBP = DATA / "pelvis_ct" / "CT", DATA / "openkbp"
HEAD_NECK = ROOT / "models" / "head_neck_7_fcn.pt"


@pytest.fixture(scope="module")
def pelvis(tmp_path_factory):
    """Volume, HU and centre in mm of what the phantoms' weights found in the real pelvis, by structure."""
    if not PELVIS.is_dir():
        pytest.skip("RTCONTOUR_DATA names no folder with pelvis_ct")
    path = contour_patient(PELVIS, tmp_path_factory.mktemp("pelvis") / "rtstruct.dcm", findings=[])
    ct, structures = read_ct_series(PELVIS), read_structure_set(path)
    masks = {roi.name: rasterize(roi, ct.grid) for roi in structures.rois}
    return {
        name: (mask.volume_cc, ct.hu[mask.full()], ct.grid.to_mm(np.argwhere(mask.full())).mean(axis=0))
        for name, mask in masks.items()
    }


def test_phantoms_alone_teach_where_a_real_patient_s_femoral_heads_are(pelvis):
    for name in ("Femur_Head_L", "Femur_Head_R"):
        volume_cc, hu, _ = pelvis[name]
        assert 25 < volume_cc < 90 and np.mean(hu > 100) > 0.9  # bone
    left, right = pelvis["Femur_Head_L"][2], pelvis["Femur_Head_R"][2]
    assert 120 < left[0] - right[0] < 240 and np.abs(left - right)[1:].max() < 20


def test_phantoms_alone_teach_where_a_real_patient_s_bladder_is(pelvis):
    volume_cc, hu, centre = pelvis["Bladder"]
    assert volume_cc > 80 and -10 < np.median(hu) < 50 and np.mean(hu > 150) < 0.1  # water to tissue, little bone
    left, right = pelvis["Femur_Head_L"][2], pelvis["Femur_Head_R"][2]
    assert right[0] + 40 < centre[0] < left[0] - 40
    assert np.abs(centre - (left + right) / 2).max() < 60


@pytest.fixture(scope="module")
def few_patients(tmp_path_factory):
    """Two training and one validation patient of OpenKBP with every organ contoured, as a data set of its own."""
    if not OPENKBP.is_dir():
        pytest.skip("RTCONTOUR_DATA names no folder with openkbp")
    content = json.loads((OPENKBP / "datalist.json").read_text())
    for split, count in (("training", 2), ("validation", 1)):
        complete = [case for case in content[split] if len(case["annotated"]) == len(content["labels"]) - 1]
        content[split] = complete[:count]
        for case in content[split]:
            case.update({key: str(OPENKBP / case[key]) for key in ("image", "label")})
    folder = tmp_path_factory.mktemp("openkbp")
    (folder / "datalist.json").write_text(json.dumps(content))
    return folder


def test_seven_organs_are_trained_on_real_patients_by_monai_s_command(few_patients, tmp_path):
    command = [sys.executable, "-m", "monai.bundle", "run", "--config_file"]
    files = "['configs/train.json','configs/recipes/head_neck_7_fcn.json','configs/presets/cpu.json']"
    options = {"dataset_dir": few_patients, "output_dir": tmp_path / "run", "weights": HEAD_NECK}
    options |= {"preset::size": "gpu", "recipe::epochs": 2, "preset::iterations": 3, "recipe::optimizer::lr": 0.0001}
    said = subprocess.run(
        [*command, files, *(part for key, value in options.items() for part in (f"--{key}", str(value)))],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    dice = [float(found) for found in re.findall(r"^epoch \d validation: mean Dice ([\d.]+)", said, re.M)]
    assert len(dice) == 2 and min(dice) > 0.3
    assert (tmp_path / "run" / "model.pt").is_file() and (tmp_path / "run" / "last.pt").is_file()


@pytest.mark.parametrize("path", sorted(HEAD_NECK.parent.glob("head_neck_7_*.pt")), ids=lambda path: path.stem)
def test_seven_organs_of_a_patient_that_training_never_saw_are_found(few_patients, path):
    model, data_set = load_model(path), read_datalist(few_patients)
    case = data_set.split("validation")[0]
    predicted, (truth, _) = contour_ct(model, *read_image(case.image)), read_labels(case.label)
    dice = {}
    for channel, name in enumerate(model.names, start=1):
        one, other = predicted == channel, truth == data_set.labels[name]
        dice[name] = 2 * np.count_nonzero(one & other) / (np.count_nonzero(one) + np.count_nonzero(other))
    assert min(dice.values()) > 0.2 and np.mean(list(dice.values())) > 0.5
