"""NIfTI round trips, judged by nibabel."""

import gzip
import struct
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtcontour.datasets import (
    nifti_files,
    read_grid,
    read_image,
    read_labels,
    stem_of,
    write_image,
    write_labels,
    write_mask,
)
from rtcontour.errors import Finding, GeometryError, InputFileError, OutputError
from rtcontour.grid import Grid
from rtcontour.mask import Mask


def turned(alpha, beta, gamma):
    """The direction of a grid turned about its three axes (radians)."""
    (ca, cb, cg), (sa, sb, sg) = np.cos([alpha, beta, gamma]), np.sin([alpha, beta, gamma])
    about_i = np.array([[1, 0, 0], [0, ca, -sa], [0, sa, ca]])
    about_j = np.array([[cb, 0, sb], [0, 1, 0], [-sb, 0, cb]])
    about_k = np.array([[cg, -sg, 0], [sg, cg, 0], [0, 0, 1]])
    return tuple(map(tuple, (about_i @ about_j @ about_k).tolist()))


angles = st.floats(-np.pi, np.pi)
grids = st.builds(
    Grid,
    st.tuples(st.integers(1, 6), st.integers(1, 5), st.integers(1, 4)),
    st.tuples(*[st.floats(0.2, 6)] * 3),
    st.tuples(*[st.floats(-800, 800)] * 3),
    st.one_of(st.builds(turned, angles, angles, angles), st.sampled_from([turned(0, 0, 0), turned(np.pi, 0, 0)])),
)


@settings(max_examples=40, deadline=None)
@given(grids, st.integers(0, 2**32 - 1), st.sampled_from([".nii", ".nii.gz"]))
def test_an_image_comes_back_as_it_was_and_nibabel_reads_the_same(tmp_path_factory, grid, seed, suffix):
    path = tmp_path_factory.mktemp("nifti") / f"image{suffix}"
    hu = np.random.default_rng(seed).integers(-(2**15), 2**15, grid.shape).astype(np.int16)
    write_image(path, hu, grid)
    back, back_grid = read_image(path)
    assert back.dtype == np.int16 and back.flags.f_contiguous and np.array_equal(back, hu)
    assert back_grid.matches(grid)
    image = nibabel.load(path)
    assert np.array_equal(np.asanyarray(image.dataobj), hu)
    assert np.allclose(image.affine, grid.affine_ras, atol=1e-3)
    assert np.allclose(image.get_qform(), grid.affine_ras, atol=1e-3)
    assert (image.header["qform_code"], image.header["sform_code"]) == (1, 1)
    assert image.header.get_xyzt_units() == ("mm", "unknown")


def test_a_left_handed_grid_keeps_its_qform(tmp_path):
    grid = Grid((4, 3, 2), (1.0, 2.0, 3.0), (1.0, 2.0, 3.0), ((1, 0, 0), (0, -1, 0), (0, 0, 1)))
    write_image(tmp_path / "a.nii", np.zeros(grid.shape, np.int16), grid)
    assert np.allclose(nibabel.load(tmp_path / "a.nii").get_qform(), grid.affine_ras, atol=1e-5)


def test_a_file_of_nibabel_is_read(tmp_path, grid):
    hu = np.arange(60, dtype=np.int16).reshape(grid.shape)
    nibabel.save(nibabel.Nifti1Image(hu, grid.affine_ras), tmp_path / "a.nii.gz")
    back, back_grid = read_image(tmp_path / "a.nii.gz")
    assert np.array_equal(back, hu) and back_grid.matches(grid)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_labels_come_back_with_their_type(tmp_path, grid, dtype):
    labels = np.arange(60).reshape(grid.shape).astype(dtype) * (1 if dtype == np.uint8 else 500)
    write_labels(tmp_path / "a.nii.gz", labels, grid)
    back, back_grid = read_labels(tmp_path / "a.nii.gz")
    assert back.dtype == dtype and np.array_equal(back, labels) and back_grid.matches(grid)


@pytest.mark.parametrize("highest, dtype", [(1, np.uint8), (255, np.uint8), (256, np.uint16)])
def test_whole_numbers_of_any_type_are_labels(tmp_path, grid, highest, dtype):
    values = np.zeros(grid.shape, np.float32)
    values[1, 2, 1] = highest
    nibabel.save(nibabel.Nifti1Image(values, grid.affine_ras), tmp_path / "a.nii.gz")
    assert read_labels(tmp_path / "a.nii.gz")[0].dtype == dtype


@pytest.mark.parametrize("value", [0.5, -1.0, 70000.0, np.nan])
def test_other_values_are_no_labels(tmp_path, grid, value):
    nibabel.save(nibabel.Nifti1Image(np.full(grid.shape, value, np.float32), grid.affine_ras), tmp_path / "a.nii.gz")
    with pytest.raises(InputFileError, match=r"a\.nii\.gz: holds values"):
        read_labels(tmp_path / "a.nii.gz")


def test_a_mask_is_written_as_zeros_and_ones(tmp_path, grid):
    array = np.zeros(grid.shape, bool)
    array[1:3, 2, 1:] = True
    write_mask(tmp_path / "a.nii.gz", Mask.from_array(array, grid))
    assert np.array_equal(read_labels(tmp_path / "a.nii.gz")[0], array.astype(np.uint8))


def test_an_empty_mask_is_written_as_zeros(tmp_path, grid):
    write_mask(tmp_path / "a.nii.gz", Mask.from_array(np.zeros(grid.shape), grid))
    assert not read_labels(tmp_path / "a.nii.gz")[0].any()


def test_values_between_hounsfield_units_are_rounded_with_a_finding(tmp_path, grid):
    nibabel.save(nibabel.Nifti1Image(np.full(grid.shape, 41.6, np.float32), grid.affine_ras), tmp_path / "a.nii.gz")
    findings: list[Finding] = []
    assert (read_image(tmp_path / "a.nii.gz", findings=findings)[0] == 42).all()
    assert [finding.code for finding in findings] == ["hu-rounded"]


def test_a_scale_in_the_header_is_applied(tmp_path, grid):
    image = nibabel.Nifti1Image(np.full(grid.shape, 10, np.int16), grid.affine_ras)
    image.header.set_slope_inter(2, -1024)
    image.to_filename(tmp_path / "a.nii")
    raw = bytearray((tmp_path / "a.nii").read_bytes())
    raw[112:120] = np.array([2, -1024], "<f4").tobytes()
    (tmp_path / "a.nii").write_bytes(raw)
    stored = np.frombuffer(raw[352:], "<i2")[0]
    findings: list[Finding] = []
    assert (read_image(tmp_path / "a.nii", findings=findings)[0] == 2 * int(stored) - 1024).all() and not findings


@pytest.mark.parametrize("value", [40000.0, np.nan, np.inf])
def test_what_no_int16_holds_is_refused(tmp_path, grid, value):
    nibabel.save(nibabel.Nifti1Image(np.full(grid.shape, value, np.float32), grid.affine_ras), tmp_path / "a.nii.gz")
    with pytest.raises(InputFileError, match="beyond int16"):
        read_image(tmp_path / "a.nii.gz")


def test_the_same_content_gives_the_same_bytes(tmp_path, grid):
    hu = np.ones(grid.shape, np.int16)
    first, second = write_image(tmp_path / "a.nii.gz", hu, grid), write_image(tmp_path / "b.nii.gz", hu, grid)
    assert first.read_bytes() == second.read_bytes()


def test_the_order_in_memory_does_not_matter(tmp_path, grid):
    hu = np.arange(60, dtype=np.int16).reshape(grid.shape)
    c_order = write_image(tmp_path / "a.nii.gz", np.ascontiguousarray(hu), grid)
    assert c_order.read_bytes() == write_image(tmp_path / "b.nii.gz", np.asfortranarray(hu), grid).read_bytes()


def test_nothing_is_replaced_unasked(tmp_path, grid):
    hu = np.zeros(grid.shape, np.int16)
    write_image(tmp_path / "a.nii.gz", hu, grid)
    with pytest.raises(OutputError, match="exists already"):
        write_image(tmp_path / "a.nii.gz", hu, grid)
    write_image(tmp_path / "a.nii.gz", hu + 1, grid, replace=True)
    assert (read_image(tmp_path / "a.nii.gz")[0] == 1).all()


@pytest.mark.parametrize("array", [np.zeros((5, 4, 3), np.float32), np.zeros((4, 5, 3), np.int16)])
def test_an_array_of_another_type_or_shape_is_not_written(tmp_path, grid, array):
    with pytest.raises(GeometryError, match="expected int16"):
        write_image(tmp_path / "a.nii.gz", array, grid)
    assert not list(tmp_path.iterdir())


def broken_files(folder, grid):
    good = gzip.decompress(write_image(folder / "good.nii.gz", np.ones(grid.shape, np.int16), grid).read_bytes())
    yield "short.nii", good[:400]
    yield "short.nii.gz", gzip.compress(good)[:60]
    yield "text.nii.gz", b"no NIfTI at all"
    yield "text.nii", b"no NIfTI at all" * 40
    yield "empty.nii.gz", b""
    noise = bytearray(gzip.compress(good))
    noise[30:40] = b"\xff" * 10
    yield "noise.nii.gz", bytes(noise)
    four = bytearray(good)
    four[40:50] = np.array([4, 5, 4, 1, 3], "<i2").tobytes()
    yield "four.nii", bytes(four)
    sheared = bytearray(good)
    sheared[284:288] = np.array([1.5], "<f4").tobytes()
    yield "sheared.nii", bytes(sheared)


def test_a_broken_file_is_one_line_that_names_it(tmp_path, grid):
    for name, content in broken_files(tmp_path, grid):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputFileError) as error:
            read_image(tmp_path / name)
        assert name in str(error.value) and "\n" not in str(error.value)


def test_a_file_of_several_gzip_members_is_read_whole(tmp_path, grid):
    """As bgzip and pigz write them."""
    hu = np.arange(60, dtype=np.int16).reshape(grid.shape)
    whole = gzip.decompress(write_image(tmp_path / "a.nii.gz", hu, grid).read_bytes())
    (tmp_path / "b.nii.gz").write_bytes(b"".join(gzip.compress(whole[at : at + 100]) for at in range(0, 500, 100)))
    assert np.array_equal(read_image(tmp_path / "b.nii.gz")[0], hu)


def test_a_missing_file_is_named():
    with pytest.raises(InputFileError, match=r"not_there\.nii\.gz: is not there"):
        read_labels("not_there.nii.gz")


def test_writing_a_mask_does_not_import_nibabel():
    code = "import rtcontour.datasets, sys; print([m for m in ('nibabel', 'scipy', 'torch') if m in sys.modules])"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "[]"


@pytest.mark.parametrize("size_mm", [0.0, float("nan")])
def test_a_header_without_voxel_size_is_refused_and_not_taken_for_1_mm(tmp_path, size_mm):
    path = tmp_path / "a.nii"
    write_image(path, np.zeros((4, 3, 2), np.int16), Grid((4, 3, 2), (1.0, 2.0, 3.0), (0.0, 0.0, 0.0)))
    header = bytearray(path.read_bytes())
    struct.pack_into("<f", header, 80, size_mm)  # pixdim[1]
    path.write_bytes(header)
    assert read_image(path)[1].spacing_mm == pytest.approx((1, 2, 3))  # the sform still has it
    struct.pack_into("<2h", header, 252, 0, 0)  # neither qform nor sform
    path.write_bytes(header)
    with pytest.raises(InputFileError, match=r"a\.nii: its header gives no voxel size"):
        read_image(path)


def test_a_stem_is_a_name_without_its_suffix_and_keeps_other_dots():
    names = ("net.v2.nii.gz", "net.v2.nii", "plan.nii.v2.nii.gz", "rs.tumour.dcm", "plain")
    assert [stem_of(name) for name in names] == ["net.v2", "net.v2", "plan.nii.v2", "rs.tumour", "plain"]


def test_nifti_files_are_listed_by_name_without_hidden_ones_and_folders(tmp_path):
    for name in ("b.nii", "a.nii.gz", "._a.nii.gz", "c.nii.gz.part", "d.json"):
        (tmp_path / name).write_text("")
    (tmp_path / "folder.nii").mkdir()
    assert [path.name for path in nifti_files(tmp_path)] == ["a.nii.gz", "b.nii"]


def test_a_grid_is_read_from_the_header_alone(tmp_path):
    grid = Grid((30, 20, 10), (1.0, 2.0, 3.0), (1.0, 2.0, 3.0), turned(0.1, 0.2, 0.3))
    path = write_labels(tmp_path / "a.nii.gz", np.zeros(grid.shape, np.uint8), grid)
    assert read_grid(path).matches(grid)
    whole = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(whole[: len(whole) // 2]))
    assert read_grid(path).matches(grid)
    with pytest.raises(InputFileError, match=r"b\.nii: is not there"):
        read_grid(tmp_path / "b.nii")


def test_a_file_that_may_not_be_read_is_said_to_be_so(tmp_path, monkeypatch):
    path = tmp_path / "closed.nii.gz"
    path.write_bytes(b"")
    opened = Path.open

    def refuse(self, *args, **options):
        if self == path:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(self, *args, **options)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputFileError, match=r"closed\.nii\.gz: cannot be opened \(Permission denied\); check"):
        read_labels(path)
