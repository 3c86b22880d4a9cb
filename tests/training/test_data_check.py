import json
import shutil
import struct

import numpy as np
import pytest

from rtcontour.datasets import monai_items, read_datalist, write_image, write_labels
from rtcontour.errors import DataSetError, GeometryError, InputFileError
from rtcontour.grid import Grid
from rtcontour.training.data_check import check_case, check_cases
from rtcontour.transforms import ReadCased

FLOAT32 = 16  # NIfTI's code


@pytest.fixture
def data_set(tmp_path, tiny_data_set):
    return shutil.copytree(tiny_data_set, tmp_path / "data")


@pytest.fixture
def check(data_set, tiny_structures):
    def look(structures=tiny_structures, **options):
        return check_cases(read_datalist(data_set), structures, **options)

    return look


def codes(findings):
    return sorted((finding.code, finding.subject) for finding in findings)


def change(data_set, apply):
    content = json.loads((data_set / "datalist.json").read_text())
    apply(content)
    (data_set / "datalist.json").write_text(json.dumps(content))


def write_float_image(path, hu, grid):
    """The same header as an int16 image, but for the type: whole bytes of float32 behind it."""
    write_image(path, np.zeros(grid.shape, np.int16), grid, replace=True)
    header = bytearray(path.read_bytes()[:352])
    struct.pack_into("<2h", header, 70, FLOAT32, 32)
    path.write_bytes(bytes(header) + hu.astype("<f4").tobytes(order="F"))


def test_a_sound_data_set_is_not_remarked_on(check, capsys, tiny_patch):
    assert check(patch=tiny_patch) == []
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("case", ["c1", "c3"])
def test_a_voxel_that_is_no_number(check, data_set, tiny_grid, value, case):
    hu = np.zeros(tiny_grid.shape)
    hu[3, 4, 5] = value
    write_float_image(data_set / "images" / f"{case}.nii", hu, tiny_grid)
    split = {"c1": "training", "c3": "validation"}[case]
    change(data_set, lambda content: content[split][0].update(image=f"images/{case}.nii"))
    with pytest.raises(InputFileError, match=rf"images/{case}\.nii: holds values that are no number"):
        check()


def test_a_float_image_of_numbers_is_fine(check, data_set, tiny_grid):
    write_float_image(data_set / "images" / "c1.nii", np.full(tiny_grid.shape, 7.0), tiny_grid)
    change(data_set, lambda content: content["training"][0].update(image="images/c1.nii"))
    assert check() == []


def test_a_label_value_without_a_name(check, data_set, tiny_grid):
    write_labels(data_set / "labels" / "c2.nii.gz", np.full(tiny_grid.shape, 7, np.uint8), tiny_grid, replace=True)
    with pytest.raises(DataSetError, match=r"labels/c2\.nii\.gz: label map holds the values 7"):
        check()


@pytest.mark.parametrize("read", [("training", "validation"), ()])
def test_a_label_map_on_another_grid(check, data_set, tiny_grid, read):
    other = Grid(tiny_grid.shape, (2.0, 2.5, 3.0), tiny_grid.origin_mm)
    write_labels(data_set / "labels" / "c1.nii.gz", np.zeros(other.shape, np.uint8), other, replace=True)
    with pytest.raises(GeometryError, match=r"labels/c1\.nii\.gz: lies on another grid"):
        check(read=read)


def break_off(path):
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def test_a_file_that_breaks_off_is_named_and_so_are_the_other_cases(check, data_set):
    break_off(data_set / "images" / "c2.nii.gz")
    with pytest.raises(InputFileError, match=r"images/c2\.nii\.gz: .*again$"):
        check()
    break_off(data_set / "labels" / "c3.nii.gz")
    with pytest.raises(InputFileError, match=r"images/c2\.nii\.gz: .*; 1 more cases are broken: c3$"):
        check()


def test_only_the_splits_asked_for_are_read_whole(check, data_set):
    break_off(data_set / "images" / "c2.nii.gz")
    assert check(read=("validation",)) == []
    with pytest.raises(InputFileError, match="c2"):
        check(read=("training",))


def test_the_test_split_is_nobody_s_concern_here(check, data_set):
    break_off(data_set / "images" / "c4.nii.gz")
    assert check() == []


@pytest.mark.parametrize("read", [("training", "validation"), ("validation",), ()])
def test_scans_smaller_than_the_patch_are_one_line(check, capsys, read):
    found = check(patch=[40, 32, 21], read=read)  # the grid is 40 x 32 x 20
    assert codes(found) == [("case-smaller-than-patch", f"case {case}") for case in ("c1", "c2", "c3")]
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert said.startswith("note case-smaller-than-patch (3): case c1: has [40, 32, 20] voxels, the patch [40, 32, 21]")


def test_sizes_are_compared_on_the_voxels_of_the_network(check):
    assert check(patch=[20, 32, 20], spacing_mm=[4.0, None, None]) == []
    assert len(check(patch=[21, 32, 20], spacing_mm=[4.0, None, None])) == 3
    assert check(patch=[40, 32, 80], spacing_mm=[None, None, 1.0]) == []


def test_a_structure_that_no_validation_case_has(check, data_set, capsys):
    change(data_set, lambda content: content["validation"][0].update(annotated=["Bladder"]))
    assert codes(check()) == [("structure-not-validated", "Rectum")]
    assert "warning structure-not-validated (1): Rectum: no validation case has it" in capsys.readouterr().out


def test_what_is_said_to_be_contoured_and_is_not_there(check, data_set):
    change(data_set, lambda content: content["training"][1].update(annotated=["Bladder", "Rectum"]))
    (finding,) = check()
    assert (finding.code, finding.subject) == ("annotated-without-voxel", "case c2")
    assert finding.message.startswith("Rectum is `annotated`")


def test_a_case_that_was_read_already_is_not_read_again(data_set, tiny_structures):
    items = monai_items(read_datalist(data_set), "training", tiny_structures)
    read = [ReadCased()(item) for item in items]
    shutil.rmtree(data_set / "images")
    assert [check_case(item, tiny_structures, [40, 32, 20]) for item in read] == [[], []]
    assert codes(check_case(read[0], patch=[41, 32, 20])) == [("case-smaller-than-patch", "case c1")]
