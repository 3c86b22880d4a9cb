import numpy as np

from rtcontour.contours import rasterize
from rtcontour.dicom import read_ct_series, read_structure_set
from rtcontour.phantom import write_patient


def test_exported_patient_reads_back_as_it_was_drawn(draw, tmp_path):
    phantom = draw(1, slices=24)
    folder = write_patient(phantom, tmp_path / "patient")
    ct, structures = read_ct_series(folder / "ct"), read_structure_set(folder / "rtstruct.dcm")
    assert np.array_equal(ct.hu, phantom.hu)
    assert ct.grid.matches(phantom.grid)
    assert {roi.name for roi in structures.rois} == set(phantom.contoured)
    for roi in structures.rois:
        assert np.array_equal(rasterize(roi, ct.grid).full(), phantom.contoured[roi.name].full()), roi.name
