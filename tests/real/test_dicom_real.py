"""Real exports and broken ones of RTCONTOUR_DATA: read exactly, or refused with the reason."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import cc3d
import nibabel
import numpy as np
import pytest

from rtcontour.contours import rasterize
from rtcontour.dicom import (
    check_frame_of_reference,
    read_ct_geometry,
    read_ct_series,
    read_structure_set,
    write_structure_set,
)
from rtcontour.errors import GeometryError, InputFileError
from rtcontour.grid import Grid

DATA = Path(os.environ.get("RTCONTOUR_DATA", "nowhere"))
RT, ODD = DATA / "rt", DATA / "rt" / "odd"
pytestmark = pytest.mark.skipif(not RT.is_dir(), reason="RTCONTOUR_DATA names no folder with rt")

PELVIS_GRID = Grid((512, 512, 92), (0.976562, 0.976562, 2.5), (-250.0, -250.0, -122.5))
MIM_ROIS = [("ROI-1", 3), ("ROI-2", 3), ("ROI-3", 3), ("ROI-4", 3)]


def counts(structures):
    return [(roi.name, len(roi.contours)) for roi in structures.rois]


def codes(findings):
    return sorted({finding.code for finding in findings})


def reference(path):
    return np.asanyarray(nibabel.load(path).dataobj) > 0


def dice(a, b):
    return 2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b))


@pytest.mark.parametrize(
    "case, shape, spacing_mm, origin_mm",
    [
        ("rt/mim_keyhole/CT", (512, 512, 5), (0.488281, 0.488281, 5), (-125, -125, 60)),
        ("rt/eclipse_visible_human/CT", (512, 512, 4), (1, 1, 1), (0, 0, 1000)),
        ("rt/cerr_lung_ibsi/CT", (204, 201, 60), (0.977, 0.977, 3), (-174.3945, -79.6255, -100.4)),
        ("pelvis_ct/CT", (512, 512, 45), (0.9765625, 0.9765625, 5), (-249.51171875, -249.51171875, -1223)),
    ],
)
def test_ct_grids_are_those_of_the_readme(case, shape, spacing_mm, origin_mm):
    ct = read_ct_series(DATA / case)
    assert ct.grid.matches(Grid(shape, spacing_mm, origin_mm)) and ct.hu.shape == shape and ct.findings == ()


def test_visible_human_voxels_are_those_of_its_nifti():
    ct = read_ct_series(RT / "eclipse_visible_human" / "CT")
    image = nibabel.load(RT / "eclipse_visible_human" / "reference" / "Image.nii.gz")
    assert Grid.from_affine_ras(image.affine, image.shape).matches(ct.grid)
    assert np.array_equal(ct.hu, np.asanyarray(image.dataobj))


def test_mim_keyhole_is_read_and_its_ring_has_a_hole():
    structures, ct = read_structure_set(RT / "mim_keyhole" / "RS.dcm"), read_ct_geometry(RT / "mim_keyhole" / "CT")
    assert counts(structures) == MIM_ROIS and structures.findings == ()
    assert check_frame_of_reference(structures, ct) == []
    ring = structures["ROI-4"]
    assert {contour.image_uid for contour in ring.contours} <= set(ct.image_uids)
    section = rasterize(ring, ct.grid).full()[:, :, 1]
    assert cc3d.connected_components(~section, connectivity=4).max() == 2  # the outside and the hole: no channel


def test_visible_human_structures_agree_with_its_masks_but_for_border_pixels():
    structures = read_structure_set(RT / "eclipse_visible_human" / "RS.dcm")
    ct = read_ct_geometry(RT / "eclipse_visible_human" / "CT")
    assert counts(structures) == [("BODY", 4), ("SpinalCord", 4)] and structures.approval == "UNAPPROVED"
    assert check_frame_of_reference(structures, ct) == []
    labels = np.asanyarray(nibabel.load(RT / "eclipse_visible_human" / "reference" / "Mask.nii.gz").dataobj)
    assert dice(rasterize(structures["BODY"], ct.grid).full(), labels > 0) == pytest.approx(0.9947, abs=5e-4)
    assert np.count_nonzero(rasterize(structures["SpinalCord"], ct.grid).full()) == 654


@pytest.mark.parametrize("name, voxels", [("Bladder", 49356), ("PTV", 20641)])
def test_pelvis_phantom_agrees_with_its_reference_masks(name, voxels):
    folder = RT / "eclipse_pelvis_phantom"
    structures, truth = read_structure_set(folder / "RS.dcm"), reference(folder / "reference" / f"{name}.nii.gz")
    assert len(structures.rois) == 16 and sum(n for _, n in counts(structures)) == 210
    assert np.count_nonzero(truth) == voxels
    assert dice(rasterize(structures[name], PELVIS_GRID).full(), truth) >= 0.999


def test_lung_phantom_is_the_published_mask_voxel_for_voxel():
    folder = RT / "cerr_lung_ibsi"
    structures, ct = read_structure_set(folder / "RS.dcm"), read_ct_geometry(folder / "CT")
    assert counts(structures) == [("GTV-1", 26)] and codes(structures.findings) == ["reference-missing"]
    mask = rasterize(structures["GTV-1"], ct.grid).full()
    assert np.count_nonzero(mask) == 125256 and np.array_equal(mask, reference(folder / "reference" / "mask.nii.gz"))


REFUSED = [
    ("crlf_corrupted", "line endings were converted"),
    ("rtplan", "is an RTPLAN, not an RTSTRUCT"),
    ("rtplan_named_RS", "is an RTPLAN, not an RTSTRUCT"),
    ("rtplan_truncated", "broken DICOM"),
    ("rtdose", "is an RTDOSE, not an RTSTRUCT"),
    ("derived/coordinates_not_a_multiple_of_three", "expected a multiple of three"),
    ("derived/truncated", "broken DICOM"),
    ("derived/empty_file", "is empty"),
    ("derived/text_named_dcm", "is not DICOM"),
]


@pytest.mark.parametrize("name, said", REFUSED)
def test_what_is_broken_or_no_structure_set_is_refused(name, said):
    path = ODD / f"{name}.dcm"
    with pytest.raises(InputFileError, match=said) as error:
        read_structure_set(path)
    assert str(error.value).startswith(f"{path}: ") and "\n" not in str(error.value)


READ = {
    "no_file_meta_point_contours": ([("patient", 3), ("Isocenter 1", 1), ("Isocenter 2", 1)], ["reference-missing"]),
    "no_referenced_series": (MIM_ROIS, ["reference-missing"]),
    "frame_of_reference_mismatch": ([("ROI-1", 2)], []),
    "no_roi_contour_sequence": ([("Vacbag", 0)], ["roi-empty", "sequence-missing", "sop-class-odd"]),
    "only_empty_rois": ([("Eye_R", 0), ("Eye_L", 0)], ["roi-empty"]),
    "derived/no_referenced_frame_of_reference": (MIM_ROIS, ["reference-missing"]),
    "derived/no_contour_image_sequence": (MIM_ROIS, ["reference-missing"]),
    "derived/duplicate_names": ([("ROI", 3)] * 4, ["roi-name-twice"]),
    "derived/names_iso2022_ir87_japanese": (
        list(zip(["膀胱", "直腸", "前立腺", "リンパ節"], [3] * 4, strict=True)),
        [],
    ),
    "derived/names_iso2022_ir149_korean": (list(zip(["방광", "직장", "전립선", "림프절"], [3] * 4, strict=True)), []),
    "derived/names_iso_ir144_cyrillic": (
        list(zip(["Мочевой пузырь", "Прямая кишка", "Простата", "Лимфоузлы"], [3] * 4, strict=True)),
        [],
    ),
    "derived/names_utf8_and_unsafe_for_paths": (
        [("Blase", 3), ("Dünndarm", 3), ("Größe/Ränder:*?", 3), ("padded", 3)],
        [],
    ),
    "derived/open_planar_and_point": (MIM_ROIS, []),
    "derived/empty_rois_three_ways": ([("ROI-1", 0), ("ROI-2", 0), ("ROI-3", 0), ("ROI-4", 3)], ["roi-empty"]),
    "derived/contour_items_in_other_order": (MIM_ROIS, []),
    "derived/contour_item_of_unknown_roi": ([("ROI-1", 0), *MIM_ROIS[1:]], ["roi-empty", "roi-number-unknown"]),
    "derived/contour_not_planar": (MIM_ROIS, []),
    "derived/contours_between_slices": (MIM_ROIS, []),
    "derived/contours_partly_outside_image": (MIM_ROIS, []),
    "derived/explicit_vr_big_endian": (MIM_ROIS, []),
    "derived/explicit_vr_little_endian": (MIM_ROIS, []),
    "derived/deflated": (MIM_ROIS, []),
    "derived/modality_says_ct": (MIM_ROIS, ["modality-odd"]),
    "derived/no_preamble_no_meta": (MIM_ROIS, []),
}


@pytest.mark.parametrize("name", READ)
def test_what_is_odd_is_read_with_findings(name):
    rois, expected = READ[name]
    structures = read_structure_set(ODD / f"{name}.dcm")
    assert counts(structures) == rois and codes(structures.findings) == expected


LARGE = [("some_empty_rois_anonymised_tags", 10, 441), ("unmatched_uids_whole_body", 14, 294)]


def test_every_odd_file_has_its_test():
    known = {name for name, _ in REFUSED} | set(READ) | {name for name, *_ in LARGE}
    assert known == {str(path.relative_to(ODD).with_suffix("")) for path in ODD.rglob("*.dcm")}


RASTERISED = {
    "no_file_meta_point_contours": [["contour-off-slice"], ["contour-not-closed"], ["contour-not-closed"]],
    "derived/open_planar_and_point": [["contour-not-closed"], [], ["contour-not-closed"], []],
    "derived/contours_between_slices": [["slice-tie"], [], [], []],
    "derived/contours_partly_outside_image": [[], [], [], []],  # shifted by 60 mm, and still 4 mm inside
    "derived/contour_not_planar": [[], [], [], []],  # by 2 mm, where half a slice is 2.5 mm
    "derived/empty_rois_three_ways": [[], [], [], []],
}


@pytest.mark.parametrize("name", RASTERISED)
def test_every_contour_of_an_odd_file_sets_voxels_or_is_a_finding(name):
    grid = read_ct_geometry(RT / "mim_keyhole" / "CT").grid
    rois = read_structure_set(ODD / f"{name}.dcm").rois
    masks = [rasterize(roi, grid) for roi in rois]
    assert [codes(mask.findings) for mask in masks] == RASTERISED[name]
    for roi, mask in zip(rois, masks, strict=True):
        assert bool(mask.voxel_count) == (bool(roi.contours) and not set(codes(mask.findings)) - {"slice-tie"})


def test_a_structure_set_of_a_longer_scan_says_what_lies_beyond_this_one():
    grid = read_ct_geometry(DATA / "pelvis_ct").grid
    patient, *others = read_structure_set(ODD / "unmatched_uids_whole_body.dcm").rois
    mask = rasterize(patient, grid)
    assert codes(mask.findings) == ["contour-off-slice"] and "133 of 178" in mask.findings[0].message
    assert all(codes(rasterize(roi, grid).findings) == ["contour-off-slice"] for roi in others)


@pytest.mark.parametrize("name, rois, contours", LARGE)
def test_large_odd_files_are_read_whole(name, rois, contours):
    structures = read_structure_set(ODD / f"{name}.dcm")
    assert len(structures.rois) == rois and sum(n for _, n in counts(structures)) == contours


SAME_AS_THE_ORIGINAL = [
    "explicit_vr_big_endian",
    "explicit_vr_little_endian",
    "deflated",
    "modality_says_ct",
    "no_preamble_no_meta",
    "contour_items_in_other_order",
    "no_referenced_frame_of_reference",
]


@pytest.mark.parametrize("name", SAME_AS_THE_ORIGINAL)
def test_the_encoding_changes_no_point(name):
    original = read_structure_set(RT / "mim_keyhole" / "RS.dcm")
    derived = read_structure_set(ODD / "derived" / f"{name}.dcm")
    for a, b in zip(original.rois, derived.rois, strict=True):
        assert (a.number, a.name, a.color, a.interpreted_type) == (b.number, b.name, b.color, b.interpreted_type)
        for one, other in zip(a.contours, b.contours, strict=True):
            assert np.array_equal(one.points_mm, other.points_mm) and one.image_uid == other.image_uid


def test_kinds_of_contours_are_kept():
    structures = read_structure_set(ODD / "derived" / "open_planar_and_point.dcm")
    assert [{contour.kind for contour in roi.contours} for roi in structures.rois] == [
        {"OPEN_PLANAR"},
        {"CLOSED_PLANAR"},
        {"POINT"},
        {"CLOSED_PLANAR"},
    ]


def test_frames_of_reference_are_compared():
    ct = read_ct_geometry(RT / "mim_keyhole" / "CT")
    other = read_structure_set(ODD / "frame_of_reference_mismatch.dcm")
    with pytest.raises(GeometryError, match="--ignore-frame-of-reference"):
        check_frame_of_reference(other, ct)
    assert codes(check_frame_of_reference(other, ct, ignore=True)) == ["frame-of-reference-ignored"]
    assert check_frame_of_reference(read_structure_set(ODD / "no_referenced_series.dcm"), ct) == []
    stranger = read_structure_set(ODD / "unmatched_uids_whole_body.dcm")
    assert codes(check_frame_of_reference(stranger, read_ct_geometry(DATA / "pelvis_ct"), ignore=True)) == [
        "frame-of-reference-ignored",
        "series-differs",
    ]


def test_a_broken_file_of_another_kind_does_not_stop_a_ct(tmp_path):
    shutil.copytree(RT / "mim_keyhole" / "CT", tmp_path / "CT")
    for name, _ in REFUSED:
        shutil.copy(ODD / f"{name}.dcm", tmp_path)
    ct = read_ct_geometry(tmp_path)
    assert ct.grid.shape == (512, 512, 5) and codes(ct.findings) == ["files-skipped"]


@pytest.mark.parametrize("case", ["mim_keyhole", "eclipse_visible_human", "cerr_lung_ibsi"])
def test_masks_of_real_structures_survive_the_file_and_appending(tmp_path, case):
    ct, original = read_ct_geometry(RT / case / "CT"), read_structure_set(RT / case / "RS.dcm")
    masks = {roi.name: rasterize(roi, ct.grid) for roi in original.rois}
    structures = read_structure_set(write_structure_set(tmp_path / "rs.dcm", masks, ct, findings=[]))
    for name, mask in masks.items():
        assert np.array_equal(rasterize(structures[name], ct.grid).full(), mask.full())
    both = write_structure_set(tmp_path / "both.dcm", {"Added": mask}, ct, append_to=RT / case / "RS.dcm", findings=[])
    kept = read_structure_set(both).rois[:-1]
    for a, b in zip(original.rois, kept, strict=True):
        assert all(np.array_equal(x.points_mm, y.points_mm) for x, y in zip(a.contours, b.contours, strict=True))


@pytest.mark.parametrize("name", SAME_AS_THE_ORIGINAL)
def test_rois_are_appended_to_any_encoding(tmp_path, name):
    ct = read_ct_geometry(RT / "mim_keyhole" / "CT")
    source = ODD / "derived" / f"{name}.dcm"
    mask = rasterize(read_structure_set(source)["ROI-4"], ct.grid)
    both = read_structure_set(
        write_structure_set(tmp_path / "rs.dcm", {"Bladder": mask}, ct, append_to=source, findings=[])
    )
    assert counts(both)[:4] == MIM_ROIS
    for roi, kept in zip(read_structure_set(source).rois, both.rois, strict=False):
        assert all(np.array_equal(a.points_mm, b.points_mm) for a, b in zip(roi.contours, kept.contours, strict=True))
    assert np.array_equal(rasterize(both["Bladder"], ct.grid).full(), mask.full())


@pytest.mark.skipif(shutil.which("plastimatch") is None, reason="plastimatch is not installed")
def test_another_program_reads_the_same_voxels(tmp_path):
    """plastimatch, told to combine contours by even-odd, on the ring with its hole and the lung tumour."""
    for case, name in (("mim_keyhole", "ROI-4"), ("cerr_lung_ibsi", "GTV-1")):
        ct = read_ct_geometry(RT / case / "CT")
        mask = rasterize(read_structure_set(RT / case / "RS.dcm")[name], ct.grid)
        path = write_structure_set(tmp_path / f"{case}.dcm", {name: mask}, ct, findings=[])
        out = tmp_path / case
        command = ["plastimatch", "convert", "--input", path, "--output-prefix", out, "--prefix-format", "nii.gz"]
        options = ["--xor-contours", "--referenced-ct", RT / case / "CT"]
        subprocess.run([*command, *options], check=True, capture_output=True)
        theirs = nibabel.load(out / f"{name}.nii.gz")
        assert Grid.from_affine_ras(theirs.affine, theirs.shape).matches(ct.grid)
        assert dice(np.asanyarray(theirs.dataobj) > 0, mask.full()) > 0.999
