"""Real exports as either side of a comparison; skipped without RTCONTOUR_DATA."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from rtcontour.datasets import read_labels, write_labels
from rtcontour.errors import GeometryError, InputFileError, RtContourError
from rtcontour.evaluation.inputs import list_cases, read_case, read_hu
from rtcontour.evaluation.score import Reading, score_folder

RT = Path(os.environ.get("RTCONTOUR_DATA", "nowhere")) / "rt"
pytestmark = pytest.mark.skipif(not RT.is_dir(), reason="RTCONTOUR_DATA names no folder with rt")


def label_map(folder, source, names):
    """A copy of a reference mask with the names of its values."""
    folder.mkdir()
    shutil.copy(source, folder / "reference.nii.gz")
    (folder / "labels.json").write_text(json.dumps(names))
    return folder / "reference.nii.gz"


def codes(result):
    return {finding.code for finding in result.findings}


def test_the_lung_phantom_is_its_published_mask(tmp_path):
    folder = RT / "cerr_lung_ibsi"
    truth = label_map(tmp_path / "truth", folder / "reference" / "mask.nii.gz", {"GTV-1": 1})
    for predicted, true in ((folder / "RS.dcm", truth), (truth, folder), (folder, folder / "RS.dcm")):
        (scores,) = score_folder(predicted, true).scores.values()
        (gtv,) = scores.values()
        assert (gtv.outcome, gtv.dice, gtv.hd_mm, gtv.surface_dice) == ("compared", 1.0, 0.0, 1.0)
    (files,) = list_cases(folder).values()
    assert read_hu(files)[0].shape == (204, 201, 60)


def test_the_visible_human_agrees_with_its_reference_but_for_border_pixels(tmp_path):
    folder = RT / "eclipse_visible_human"
    labels, grid = read_labels(folder / "reference" / "Mask.nii.gz")
    (tmp_path / "truth").mkdir()
    write_labels(tmp_path / "truth" / "BODY.nii.gz", (labels > 0).astype(np.uint8), grid)  # the cord is cut out of it
    write_labels(tmp_path / "truth" / "SpinalCord.nii.gz", (labels == 1).astype(np.uint8), grid)
    (scores,) = score_folder(folder, tmp_path / "truth").scores.values()
    assert set(scores) == {"External", "SpinalCord"}
    assert scores["External"].dice == pytest.approx(0.9947, abs=5e-4)
    assert scores["SpinalCord"].dice == pytest.approx(0.9335, abs=5e-4)


def test_the_pelvis_phantom_has_no_ct_and_takes_a_nifti_image(tmp_path):
    folder = RT / "eclipse_pelvis_phantom"
    (tmp_path / "truth").mkdir()
    for name in ("Bladder", "PTV"):
        shutil.copy(folder / "reference" / f"{name}.nii.gz", tmp_path / "truth")
    with pytest.raises(InputFileError, match=r"RS\.dcm: no CT in its folder or below; .*--ct"):
        score_folder(folder / "RS.dcm", tmp_path / "truth")
    result = score_folder(folder / "RS.dcm", tmp_path / "truth", ct=folder / "reference" / "PTV.nii.gz")
    (scores,) = result.scores.values()
    assert scores["Bladder"].dice >= 0.9999 and scores["PTV"].dice >= 0.999
    assert {name for name, one in scores.items() if one.outcome == "not contoured"} >= {"Rectum", "CTV"}
    assert "frame-of-reference-unknown" in codes(result)


def test_an_export_is_a_case_under_the_name_of_its_folder():
    cases = {name: read_case(files) for name, files in list_cases(RT / "mim_keyhole").items()}
    assert list(cases) == ["mim_keyhole"]
    assert set(cases["mim_keyhole"].masks) == {"ROI-1", "ROI-2", "ROI-3", "ROI-4"}


def test_empty_rois_of_a_template_were_not_contoured(tmp_path):
    ct = RT / "mim_keyhole" / "CT"
    (files,) = list_cases(RT / "odd" / "derived" / "empty_rois_three_ways.dcm", ct=ct).values()
    case = read_case(files)
    assert len(case.annotated) == 1 and len(case.masks) == 4


def test_another_frame_of_reference_is_refused_unless_ignored():
    odd, ct = RT / "odd" / "frame_of_reference_mismatch.dcm", RT / "mim_keyhole" / "CT"
    with pytest.raises(GeometryError, match="--ignore-frame-of-reference"):
        score_folder(odd, odd, ct=ct)
    result = score_folder(odd, odd, ct=ct, reading=Reading(ignore_frame_of_reference=True))
    assert "frame-of-reference-ignored" in codes(result)


@pytest.mark.parametrize(
    "file, message",
    [
        ("rtplan_named_RS.dcm", "is neither a label map"),
        ("rtdose.dcm", "is neither a label map"),
        ("crlf_corrupted.dcm", "line endings were converted"),
        ("derived/truncated.dcm", "broken DICOM"),
        ("derived/empty_file.dcm", "is neither a label map"),
        ("derived/text_named_dcm.dcm", "is neither a label map"),
        ("derived/duplicate_names.dcm", "several ROIs with contours are called 'ROI'"),
    ],
)
def test_strange_files_are_refused_in_one_line(file, message):
    with pytest.raises(RtContourError, match=message):
        score_folder(RT / "odd" / file, RT / "odd" / file, ct=RT / "mim_keyhole" / "CT")
