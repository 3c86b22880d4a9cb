import hashlib
import json

import numpy as np
import pydicom
import pytest
import torch

from rtcontour import contour_patient
from rtcontour.contours import rasterize
from rtcontour.dicom import read_ct_series, read_structure_set, write_ct_series
from rtcontour.errors import CheckpointError, ConfigError, InputFileError, OutputError
from rtcontour.grid import Grid
from rtcontour.inference import BodyWindows, contour_ct, load_model
from rtcontour.inference.pipeline import recipe_checkpoint
from rtcontour.labels import clean_labels
from rtcontour.transforms import window_hu

OBLIQUE = Grid(
    (36, 28, 14), (2.0, 2.5, 4.0), (-39.0, 12.5, 100.0), ((0.8, 0.6, 0.0), (-0.6, 0.8, 0.0), (0.0, 0.0, 1.0))
)


def read_labels(path, ct, names):
    """The label map that an RTSTRUCT holds."""
    structures = read_structure_set(path)
    assert [roi.name for roi in structures.rois] == names
    labels = np.zeros(ct.grid.shape, np.uint8)
    for channel, name in enumerate(names, start=1):
        labels[rasterize(structures[name], ct.grid).full()] = channel
    return labels


def test_the_structure_set_holds_the_cleaned_label_map(tmp_path, tiny_ct, tiny_checkpoint):
    ct, model = read_ct_series(tiny_ct), load_model(tiny_checkpoint)
    image = window_hu(torch.from_numpy(ct.hu), (-800, 800))[None, None]
    with torch.no_grad():
        logits = BodyWindows(model.description.tile)(image, model.network)
    expected = clean_labels(logits[0].argmax(0).numpy().astype(np.uint8))
    labels = contour_ct(model, ct.hu, ct.grid)
    # bfloat16, where the processor has it, moves a few voxels
    assert (labels == expected).mean() > 0.95 and set(np.unique(labels)) == {0, 1, 2}
    findings = []
    path = contour_patient(tiny_ct, tmp_path / "new" / "rs.dcm", weights=tiny_checkpoint, findings=findings)
    assert path == tmp_path / "new" / "rs.dcm"
    assert np.array_equal(read_labels(path, ct, model.names), labels)
    assert [finding.code for finding in findings if finding.severity == "error"] == []


def test_the_file_names_the_model_and_the_hash_of_its_weights(tmp_path, tiny_ct, tiny_checkpoint):
    path = contour_patient(tiny_ct, tmp_path / "rs.dcm", weights=tiny_checkpoint, findings=[])
    expected = hashlib.sha256(tiny_checkpoint.read_bytes()).hexdigest()
    for item in pydicom.dcmread(path).StructureSetROISequence:
        derivation = item.ROIDerivationAlgorithmIdentificationSequence[0]
        assert derivation.AlgorithmName == load_model(tiny_checkpoint).description.recipe
        assert derivation.AlgorithmParameters == f"weights sha256 {expected}"


def test_a_turned_scan_with_unequal_spacing_is_contoured_in_its_own_place(tmp_path, tiny_patient, tiny_checkpoint):
    hu, _ = tiny_patient(grid=OBLIQUE)
    ct = write_ct_series(tmp_path / "ct", hu, OBLIQUE)
    path = contour_patient(tmp_path / "ct", tmp_path / "rs.dcm", weights=tiny_checkpoint, findings=[])
    model = load_model(tiny_checkpoint)
    assert np.array_equal(read_labels(path, ct, model.names), contour_ct(model, hu, OBLIQUE))


def test_what_the_model_did_not_find_is_a_finding_and_an_empty_roi(tmp_path, tiny_ct, tiny_checkpoint):
    state = torch.load(tiny_checkpoint, weights_only=True)
    state["model"]["head.bias"][2] = -1000.0
    torch.save(state, tmp_path / "blind.pt")
    findings = []
    path = contour_patient(tiny_ct, tmp_path / "rs.dcm", weights=tmp_path / "blind.pt", findings=findings)
    assert read_structure_set(path)["Rectum"].contours == ()
    assert [f.subject for f in findings if f.code == "structure-not-found"] == ["Rectum"]


def test_without_postprocessing_the_label_map_is_the_network_s(tmp_path, tiny_ct, tiny_checkpoint):
    state = torch.load(tiny_checkpoint, weights_only=True)
    state["rtcontour"]["postprocessing"] = None
    torch.save(state, tmp_path / "raw.pt")
    ct = read_ct_series(tiny_ct)
    raw, cleaned = (contour_ct(load_model(path), ct.hu, ct.grid) for path in (tmp_path / "raw.pt", tiny_checkpoint))
    assert not np.array_equal(raw, cleaned) and np.array_equal(clean_labels(raw), cleaned)


def test_an_existing_output_is_kept_unless_replaced(tmp_path, tiny_ct, tiny_checkpoint):
    path = tmp_path / "rs.dcm"
    path.write_text("mine")
    with pytest.raises(OutputError, match=r"rs\.dcm: exists already"):
        contour_patient(tiny_ct, path, weights=tiny_checkpoint)
    assert path.read_text() == "mine"
    contour_patient(tiny_ct, path, weights=tiny_checkpoint, replace=True, findings=[])
    assert read_structure_set(path).label == "rtcontour"


def test_errors_leave_nothing_behind(tmp_path, tiny_ct, tiny_checkpoint):
    (tmp_path / "empty").mkdir()
    output = tmp_path / "out" / "rs.dcm"
    with pytest.raises(InputFileError):
        contour_patient(tmp_path / "empty", output, weights=tiny_checkpoint)
    with pytest.raises(CheckpointError):
        contour_patient(tiny_ct, output, weights=tmp_path / "missing.pt")
    with pytest.raises(ConfigError, match=r"known in that folder: .*pelvis_fcn"):
        contour_patient(tiny_ct, output, recipe="pelvis")
    assert not output.parent.exists()


def test_the_checkpoint_of_a_recipe_is_the_one_it_names(tmp_path, monkeypatch):
    recipes = tmp_path / "configs" / "recipes"
    recipes.mkdir(parents=True)
    (recipes / "mine.json").write_text(json.dumps({"recipe": {"checkpoint": "mine.pt"}}))
    monkeypatch.setenv("RTCONTOUR_BUNDLE", str(tmp_path))
    assert recipe_checkpoint("mine") == recipe_checkpoint(recipes / "mine.json") == tmp_path / "models" / "mine.pt"


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"recipe": {}}'])
def test_a_file_that_is_no_recipe_is_refused(tmp_path, text):
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(ConfigError, match=r"r\.json: is not a recipe"):
        recipe_checkpoint(tmp_path / "r.json")
