import json
import pickle

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from rtcontour.datasets import monai_items, read_datalist, read_image, write_image, write_labels
from rtcontour.errors import ConfigError, DataSetError, GeometryError, InputFileError
from rtcontour.grid import Grid
from rtcontour.training.patches.dataset import PatchDataset
from rtcontour.transforms import CropMiddled, IndexCentresd, ReadCased, SamplePatchd
from rtcontour.transforms.augmentation import Augmentation
from rtcontour.transforms.draw import Draw

SAMPLE = SamplePatchd((12, 10, 8), augmentation=Augmentation())


@pytest.fixture
def data_set(tmp_path, write_tiny_data_set):
    return write_tiny_data_set(tmp_path / "data")


@pytest.fixture
def dataset(data_set, tmp_path, tiny_structures):
    return PatchDataset(monai_items(read_datalist(data_set), "training", tiny_structures), SAMPLE, tmp_path / "kept")


def whole(item):
    """A transform that shows the item itself."""
    return item


def files_in(folder):
    return {path: path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))}


def draws(count):
    return [Draw(number % 2, (0, number)) for number in range(count)]


def assert_same(one, other):
    for key in ("image", "label", "weight", "annotated"):
        assert torch.equal(one[key], other[key])


def test_a_kept_case_is_what_the_transforms_read(dataset):
    dataset.prepare(workers=0)
    dataset.transform = whole
    for number, item in enumerate(dataset.data):
        kept, read = dataset[number], IndexCentresd()(ReadCased()(item))
        assert kept["image"].dtype == np.int16 and kept["label"].dtype == np.uint8
        assert np.array_equal(kept["image"], read["image"].numpy()) and kept["image"][0].flags.f_contiguous
        assert np.array_equal(kept["label"], read["label"].numpy()) and kept["label"][0].flags.f_contiguous
        assert torch.equal(kept["annotated"], read["annotated"])
        assert kept["spacing_mm"] == pytest.approx((2.0, 2.5, 4.0))
        assert len(kept["centres"]) == len(read["centres"])
        assert all(np.array_equal(one, two) for one, two in zip(kept["centres"], read["centres"], strict=True))


def test_the_files_are_mapped_and_cannot_be_written_to(dataset):
    dataset.prepare(workers=0)
    dataset.transform = whole
    for key in ("image", "label"):
        assert isinstance(dataset[0][key], np.memmap) and not dataset[0][key].flags.writeable


def test_patches_are_those_of_the_case_in_memory(dataset):
    dataset.prepare(workers=0)
    for draw in draws(8):
        item = IndexCentresd()(ReadCased()(dataset.data[draw.case]))
        assert_same(dataset[draw], SAMPLE({**item, "draw": draw}))


def test_workers_and_other_processes_give_the_same_patches(dataset):
    dataset.prepare(workers=0)
    alone = [dataset[draw] for draw in draws(8)]
    other = pickle.loads(pickle.dumps(dataset))
    for workers in (1, 2):
        loader = DataLoader(other, sampler=draws(8), batch_size=None, num_workers=workers)
        for one, two in zip(alone, loader, strict=True):
            assert_same(one, two)


def test_cases_read_in_processes_are_kept_as_those_read_alone(dataset, tmp_path):
    dataset.prepare(workers=0)
    other = PatchDataset(dataset.data, SAMPLE, tmp_path / "other")
    other.prepare(workers=2)
    contents = [
        {path.relative_to(one.folder): path.read_bytes() for path in one.folder.rglob("*.*") if path.is_file()}
        for one in (dataset, other)
    ]
    assert contents[0] == contents[1] and len(contents[0]) == 8


def test_what_is_there_is_kept_and_only_a_changed_case_is_read_again(dataset, data_set, tiny_grid, capsys):
    dataset.prepare(workers=0)
    before = files_in(dataset.folder)
    assert "volumes: reading 2 of 2 cases" in capsys.readouterr().out
    dataset.prepare(workers=0)
    assert files_in(dataset.folder) == before and capsys.readouterr().out == ""
    hu, _ = read_image(data_set / "images" / "c1.nii.gz")
    write_image(data_set / "images" / "c1.nii.gz", hu + np.int16(5), tiny_grid, replace=True)
    with pytest.raises(DataSetError, match=r"case c1 is not kept there, or its files have changed since"):
        dataset[0]
    dataset.prepare(workers=0)
    assert "volumes: reading 1 of 2 cases" in capsys.readouterr().out
    dataset.transform = whole
    assert np.array_equal(dataset[0]["image"][0], hu + np.int16(5))


def test_two_trainings_may_fill_one_folder_at_once(dataset, monkeypatch):
    """Just before a case is kept, another training has kept it: that one stays, since it may be in use."""
    numpy_save, ours, theirs = np.save, [], PatchDataset(dataset.data, SAMPLE, dataset.folder)

    def save(path, array):
        if not ours:
            ours.append(path)
            theirs.prepare(workers=0)
            ours.append(files_in(dataset.folder))
        numpy_save(path, array)

    monkeypatch.setattr(np, "save", save)
    dataset.prepare(workers=0)
    kept = {path: time for path, time in ours[1].items() if ".partial" not in str(path)}
    kept.pop(dataset.folder, None)
    assert kept and files_in(dataset.folder) == kept
    assert_same(dataset[draws(1)[0]], theirs[draws(1)[0]])


def test_what_was_contoured_and_has_no_voxel_is_told(dataset, tmp_path, capsys):
    item = {**dataset.data[0], "label_values": [0] * len(dataset.data[0]["label_values"]), "case": "bare"}
    PatchDataset([item], SAMPLE, tmp_path / "bare", ["Bladder", "Rectum"]).prepare(0)
    said = capsys.readouterr().out
    assert "annotated-without-voxel" in said and "case bare: Bladder is `annotated`" in said
    PatchDataset(dataset.data, SAMPLE, tmp_path / "all").prepare(0)
    assert "annotated-without-voxel" not in capsys.readouterr().out


@pytest.mark.parametrize("folder", ["", 5, None])
def test_a_folder_that_is_none_is_refused(dataset, folder):
    with pytest.raises(ConfigError, match="cache_dir is "):
        PatchDataset(dataset.data, SAMPLE, folder)


def test_other_structures_are_other_files(dataset, data_set, tmp_path):
    dataset.prepare(workers=0)
    other = PatchDataset(monai_items(read_datalist(data_set), "training", ["Rectum"]), whole, dataset.folder)
    other.prepare(workers=0)
    dataset.transform = whole
    assert set(np.unique(other[0]["label"])) == {0, 1} and set(np.unique(dataset[0]["label"])) == {0, 1, 2}


def test_nothing_in_the_folder_names_a_case(dataset):
    dataset.prepare(workers=0)
    names = {path.name for path in dataset.folder.rglob("*")}
    assert names - {"image.npy", "label.npy", "centres.npy", "case.json"} == {
        path.name for path in dataset.folder.iterdir()
    }
    assert all(set(name) <= set("0123456789abcdef") for name in (path.name for path in dataset.folder.iterdir()))
    for path in dataset.folder.rglob("case.json"):
        assert set(json.loads(path.read_text())) == {"spacing_mm", "centres_end"}


def test_a_case_that_is_drawn_by_number_follows_the_random_state(dataset):
    dataset.prepare(workers=0)
    first = [SAMPLE.set_random_state(4) and dataset[0] for _ in range(2)]
    assert_same(*first)
    assert dataset[0]["image"].shape == (1, 12, 10, 8)


def test_crops_of_the_middle_come_from_the_same_files(dataset):
    dataset.prepare(workers=0)
    dataset.transform = CropMiddled((12, 10, 8), jitter=(1, 1, 1), spacing_mm=(4.0, 4.0, 4.0))
    patch = dataset[Draw(0, (0, 1))]
    assert patch["image"].shape == (1, 12, 10, 8) and patch["label"].any()
    assert_same(patch, dataset[Draw(0, (0, 1))])


@pytest.mark.parametrize("workers", [0, 2])
def test_a_case_that_cannot_be_used_is_one_line_before_any_training(
    dataset, data_set, tiny_patient, tiny_grid, workers
):
    moved = Grid(tiny_grid.shape, tiny_grid.spacing_mm, (0.0, 0.0, 0.0))
    _, labels = tiny_patient()
    named = np.where(labels == 2, 7, labels).astype(np.uint8)
    broken = {
        GeometryError: lambda path: write_labels(path, labels, moved, replace=True),
        DataSetError: lambda path: write_labels(path, named, tiny_grid, replace=True),
        InputFileError: lambda path: path.write_bytes(b"no NIfTI"),
    }
    for error, damage in broken.items():
        damage(data_set / "labels" / "c2.nii.gz")
        with pytest.raises(error, match=r"c2\.nii\.gz: ") as raised:
            dataset.prepare(workers=workers)
        assert "\n" not in str(raised.value)
    assert len(list(dataset.folder.iterdir())) == 1  # the sound case; of the other one nothing


def test_an_image_with_a_value_that_is_no_number_is_refused(dataset, data_set):
    import nibabel

    path = data_set / "images" / "c1.nii.gz"
    image = nibabel.load(path)
    values = image.get_fdata(dtype=np.float32)
    values[3, 4, 5] = np.nan
    nibabel.save(nibabel.Nifti1Image(values, image.affine), path)
    with pytest.raises(InputFileError, match=r"c1\.nii\.gz: holds values that are no number"):
        dataset.prepare(workers=0)


def test_a_case_without_labels_is_refused(dataset):
    del dataset.data[1]["label"]
    with pytest.raises(DataSetError, match="case c2: has no label, which training needs"):
        dataset.prepare(workers=0)
