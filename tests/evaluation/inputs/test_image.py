from dataclasses import replace

import numpy as np
import pytest

from rtcontour.datasets import write_image
from rtcontour.dicom import write_ct_series
from rtcontour.errors import GeometryError, InputFileError
from rtcontour.evaluation.inputs import check_image, list_cases, read_case, read_hu
from rtcontour.grid import Grid

NAMES = {"Bladder": 1, "Rectum": 2}


@pytest.fixture
def maps(tmp_path, labels, write_label_maps):
    return write_label_maps(tmp_path / "maps", {"c1": labels}, NAMES)


def only_case(place, **options):
    (files,) = list_cases(place, **options).values()
    return files


def remove_a_slice(folder):
    """One from the middle: files are named in order of the slices."""
    files = sorted(folder.iterdir())
    files[len(files) // 2].unlink()


def test_a_slice_that_dicom_images_lack_is_a_finding_of_the_case(tmp_path, grid, hu, maps):
    write_ct_series(tmp_path / "ct" / "c1", hu, grid, seed=1)
    remove_a_slice(tmp_path / "ct" / "c1")
    findings = []
    read_hu(only_case(maps, ct=tmp_path / "ct"), findings=findings)
    assert [(f.code, f.subject.partition(",")[0]) for f in findings] == [("slice-missing", "c1")]


def test_a_structure_set_beside_its_ct_is_no_finding_and_both_readings_tell_the_same(tmp_path, write_patient):
    folder = write_patient(tmp_path / "p1", ct=".")
    findings = []
    read_hu(only_case(folder), findings=findings)
    assert findings == []
    remove_a_slice_of_a_mixed_folder(folder)
    read_hu(only_case(folder), findings=findings)
    assert [f.code for f in findings] == ["slice-missing"]
    assert set(findings) <= set(read_case(only_case(folder)).findings)


def remove_a_slice_of_a_mixed_folder(folder):
    slices = sorted(path for path in folder.iterdir() if path.name != "RS.dcm")
    slices[len(slices) // 2].unlink()


def test_values_that_are_rounded_are_a_finding(tmp_path, grid, hu, maps):
    import nibabel

    nibabel.save(nibabel.Nifti1Image(hu + np.float32(0.25), grid.affine_ras), tmp_path / "c1.nii.gz")
    findings = []
    read_hu(only_case(maps, ct=tmp_path / "c1.nii.gz"), findings=findings)
    assert [f.code for f in findings] == ["hu-rounded"]


@pytest.mark.parametrize("kind", ["NIfTI", "DICOM"])
def test_an_image_on_another_grid_is_refused_with_the_case_both_files_and_both_grids(tmp_path, grid, hu, maps, kind):
    coarse = Grid((12, 20, 12), (4.0, 3.0, 5.0), grid.origin_mm)
    for folder, voxels, lattice in (("same", hu, grid), ("other", hu[::2], coarse)):
        if kind == "NIfTI":
            write_image(tmp_path / folder / "c1.nii.gz", np.asfortranarray(voxels), lattice)
        else:
            write_ct_series(tmp_path / folder / "c1", np.asfortranarray(voxels), lattice, seed=1)
    files = only_case(maps, ct=tmp_path / "same")
    check_image(files, grid)
    both = r"found 12 x 20 x 12 voxels of \(4, 3, 5\).*, expected 24 x 20 x 12 voxels of \(2, 3, 5\)"
    with pytest.raises(GeometryError, match=r"^c1: the CT .*other.c1.* not on the grid of .*maps.c1\.nii\.gz: " + both):
        check_image(only_case(maps, ct=tmp_path / "other"), grid)
    with pytest.raises(InputFileError, match="its CT is not known"):
        check_image(replace(files, image=None), grid)
