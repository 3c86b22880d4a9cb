from __future__ import annotations

import numpy as np
import pytest

from rtcontour.dicom import read_ct_series, write_ct_series
from rtcontour.errors import GeometryError, OutputError
from rtcontour.grid import Grid

OBLIQUE = Grid((5, 3, 4), (0.7, 1.3, 2.5), (-12.25, 7.5, 101.0), ((0.8, 0.6, 0.0), (-0.6, 0.8, 0.0), (0.0, 0.0, 1.0)))


def some_hu(grid=OBLIQUE):
    return np.random.default_rng(5).integers(-1024, 3000, grid.shape).astype(np.int16)


def test_a_written_series_reads_back_voxel_for_voxel(tmp_path):
    hu = some_hu()
    written = write_ct_series(tmp_path / "ct", hu, OBLIQUE)
    read = read_ct_series(tmp_path / "ct")
    assert np.array_equal(read.hu, hu) and np.array_equal(written.hu, hu)
    assert read.grid.matches(OBLIQUE) and read.image_uids == written.image_uids and read.paths == written.paths
    assert (read.series_uid, read.study_uid) == (written.series_uid, written.study_uid)
    assert read.frame_of_reference_uid == written.frame_of_reference_uid and read.findings == ()


def test_a_seed_gives_the_same_files_again_and_none_gives_new_ones(tmp_path):
    first, again, other = (
        write_ct_series(tmp_path / name, some_hu(), OBLIQUE, seed=seed) for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert first.image_uids == again.image_uids and not set(first.image_uids) & set(other.image_uids)
    assert first.paths[0].read_bytes() == again.paths[0].read_bytes()
    unseeded = [write_ct_series(tmp_path / name, some_hu(), OBLIQUE).series_uid for name in "de"]
    assert unseeded[0] != unseeded[1]


def test_the_files_are_valid_ct(tmp_path, dciodvfy_errors):
    ct = write_ct_series(tmp_path / "ct", some_hu(), OBLIQUE, patient_name="Größe^Anna", description="planning")
    assert [error for path in ct.paths for error in dciodvfy_errors(path)] == []


def test_fractions_are_rounded_with_a_finding(tmp_path):
    ct = write_ct_series(tmp_path / "ct", some_hu() + 0.4, OBLIQUE)
    assert np.array_equal(ct.hu, some_hu()) and [finding.code for finding in ct.findings] == ["hu-rounded"]


def test_what_cannot_be_stored_is_refused(tmp_path):
    with pytest.raises(GeometryError, match="shape"):
        write_ct_series(tmp_path / "ct", np.zeros((3, 5, 4)), OBLIQUE)
    with pytest.raises(OutputError, match="32000 HU"):
        write_ct_series(tmp_path / "ct", np.full(OBLIQUE.shape, 32000), OBLIQUE)
    with pytest.raises(OutputError, match="70000 HU"):
        write_ct_series(tmp_path / "ct", np.full(OBLIQUE.shape, 70000), OBLIQUE)
    assert not (tmp_path / "ct").exists()


def test_nothing_existing_is_replaced_unasked(tmp_path):
    write_ct_series(tmp_path / "ct", some_hu(), OBLIQUE)
    with pytest.raises(OutputError, match="exists already"):
        write_ct_series(tmp_path / "ct", some_hu(), OBLIQUE)
    again = write_ct_series(tmp_path / "ct", some_hu() + 1, OBLIQUE, replace=True)
    assert np.array_equal(read_ct_series(tmp_path / "ct").hu, again.hu)
