import numpy as np
import pytest

from rtcontour.datasets import merge_masks, read_datalist, read_labels
from rtcontour.errors import ConfigError
from rtcontour.phantom import HEAD_NECK_28, draw_head_neck, write_data_set
from rtcontour.phantom.habits import draw_habit

SMALL = {"spacing_mm": (5.0, 5.0, 6.0), "columns_rows": (64, 72), "anatomy": "head_neck"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_data_set(tmp_path_factory.mktemp("data") / "head", training=3, validation=1, test=1, seed=5, **SMALL)


def test_labels_are_the_28_in_the_order_of_the_paper(folder):
    data_set = read_datalist(folder)
    assert data_set.labels == {name: value for value, name in enumerate(HEAD_NECK_28, start=1)}
    assert "head-and-neck" in data_set.description
    assert data_set.findings == ()
    assert [len(data_set.split(name)) for name in ("training", "validation", "test")] == [3, 1, 1]


def test_annotated_names_what_is_in_the_label_map(folder):
    data_set = read_datalist(folder)
    for case in data_set.cases:
        labels, _ = read_labels(case.label)
        assert {name for name, value in data_set.labels.items() if np.any(labels == value)} == set(case.annotated)
        assert all((folder / "masks" / case.case / f"{name}.nii.gz").is_file() for name in case.annotated)


def test_some_cases_lack_structures(folder):
    counts = {len(case.annotated) for case in read_datalist(folder).cases}
    assert min(counts) < 27
    assert max(counts) > 20


def test_every_structure_is_contoured_in_most_patients_and_none_in_all():
    left_out = [draw_habit(np.random.default_rng(seed), list(HEAD_NECK_28), True).left_out for seed in range(1500)]
    share = {name: np.mean([name in names for names in left_out]) for name in HEAD_NECK_28}
    assert all(0 < share[name] < 0.45 for name in HEAD_NECK_28)
    assert share["BrachialPlexs"] > share["Parotid_L"] + 0.15
    assert share["Glnd_Sublings"] > share["Brainstem"] + 0.15


def test_label_map_gives_the_lens_its_voxels():
    phantom = draw_head_neck(3, spacing_mm=(2.0, 2.0, 2.5), columns_rows=(96, 120), slices=40)
    labels = {name: value for value, name in enumerate(HEAD_NECK_28, start=1)}
    drawn = {name: mask for name, mask in phantom.contoured.items() if name in labels}
    merged = merge_masks(drawn, labels, phantom.grid)
    for name in {"Lens_L", "Lens_R"} & set(drawn):
        assert np.array_equal(merged == labels[name], drawn[name].full())


def test_exact_structures_are_all_annotated(tmp_path):
    whole = write_data_set(tmp_path / "whole", training=1, validation=0, test=0, seed=5, truth=True, **SMALL)
    (case,) = read_datalist(whole).cases
    assert set(HEAD_NECK_28) - set(case.annotated) <= {"Lens_L", "Lens_R", "Pituitary", "OpticChiasm"}


def test_unknown_anatomy_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="expected one of pelvis, head_neck"):
        write_data_set(tmp_path / "x", training=1, validation=0, test=0, seed=1, anatomy="knee")
    assert not (tmp_path / "x").exists()
