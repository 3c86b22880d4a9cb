import numpy as np
import pytest

from rtcontour.datasets import read_datalist, read_image, read_labels
from rtcontour.errors import OutputError
from rtcontour.phantom import write_data_set

SMALL = {"spacing_mm": (5.0, 6.0, 8.0), "columns_rows": (90, 72), "slices": 26}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_data_set(
        tmp_path_factory.mktemp("data") / "pelvis", training=4, validation=1, test=1, seed=11, **SMALL
    )


def test_splits_have_the_cases_asked_for(folder):
    data_set = read_datalist(folder)
    assert [len(data_set.split(name)) for name in ("training", "validation", "test")] == [4, 1, 1]
    assert len({case.patient for case in data_set.cases}) == 6
    assert data_set.findings == ()


def test_images_and_labels_share_a_grid(folder):
    for case in read_datalist(folder).cases:
        hu, image_grid = read_image(case.image)
        labels, label_grid = read_labels(case.label)
        assert hu.shape == labels.shape == (90, 72, 26)
        assert image_grid.matches(label_grid)


def test_annotated_names_what_is_in_the_label_map(folder):
    data_set = read_datalist(folder)
    for case in data_set.cases:
        labels, _ = read_labels(case.label)
        present = {name for name, value in data_set.labels.items() if np.any(labels == value)}
        assert present == set(case.annotated)
        assert all((folder / "masks" / case.case / f"{name}.nii.gz").is_file() for name in case.annotated)


def test_some_structures_are_withheld_over_many_cases(folder):
    from rtcontour.phantom.habits import draw_habit

    names = list(read_datalist(folder).labels)
    left_out = [draw_habit(np.random.default_rng(seed), names, True).left_out for seed in range(200)]
    assert 0.05 < np.mean([bool(names) for names in left_out]) < 0.6
    assert set().union(*left_out) == set(names)


def test_case_depends_on_seed_and_number_alone(folder, tmp_path):
    other = write_data_set(tmp_path / "other", training=1, validation=1, test=0, seed=11, **SMALL)
    for name in ("phantom_0000", "phantom_0001"):
        first, second = (read_image(root / "images" / f"{name}.nii.gz")[0] for root in (folder, other))
        assert np.array_equal(first, second)


def test_existing_folder_is_not_replaced(folder):
    with pytest.raises(OutputError, match="exists already"):
        write_data_set(folder, training=1, validation=0, test=0, seed=1, **SMALL)
