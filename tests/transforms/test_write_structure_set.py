import numpy as np
import torch

from rtcontour.contours import rasterize
from rtcontour.datasets import write_image
from rtcontour.dicom import read_ct_geometry, read_structure_set
from rtcontour.transforms import ReadScand, WriteStructureSetd


def predicted(path, labels):
    item = ReadScand()({"image": str(path), "case": "c1"})
    return {**item, "pred": torch.from_numpy(labels)[None]}


def test_the_structure_set_holds_the_voxels_of_every_channel(tmp_path, tiny_ct, tiny_patient, tiny_structures):
    _, labels = tiny_patient()
    WriteStructureSetd("pred", tiny_structures, tmp_path / "new")(predicted(tiny_ct, labels))
    structures = read_structure_set(tmp_path / "new" / "c1.dcm")
    assert [roi.name for roi in structures.rois] == tiny_structures
    for channel, name in enumerate(tiny_structures, start=1):
        assert np.array_equal(rasterize(structures[name], read_ct_geometry(tiny_ct).grid).full(), labels == channel)


def test_a_structure_that_was_not_found_is_an_roi_without_contours(tmp_path, tiny_ct, tiny_patient, tiny_structures):
    _, labels = tiny_patient()
    labels[labels == 2] = 0
    WriteStructureSetd("pred", tiny_structures, tmp_path)(predicted(tiny_ct, labels))
    assert read_structure_set(tmp_path / "c1.dcm")["Rectum"].contours == ()


def test_a_scan_from_nifti_gets_no_structure_set(tmp_path, tiny_patient, tiny_grid, tiny_structures):
    hu, labels = tiny_patient()
    scan = write_image(tmp_path / "scan.nii.gz", hu, tiny_grid)
    WriteStructureSetd("pred", tiny_structures, tmp_path / "new")(predicted(scan, labels))
    assert not (tmp_path / "new").exists()
