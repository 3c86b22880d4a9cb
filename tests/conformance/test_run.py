import csv
import json

import numpy as np
import pytest

from rtcontour import __version__
from rtcontour.conformance import CASES, require_conformance, run_conformance, trip
from rtcontour.conformance.measure import COLUMNS
from rtcontour.contours import Contour, Roi, rasterize
from rtcontour.dicom import read_ct_series, read_structure_set, write_structure_set
from rtcontour.errors import ConfigError, GeometryError, OutputError
from rtcontour.mask import Mask

SHAPES = ["Sphere", "Ellipsoid", "Tube", "Annulus", "Keyhole", "Bifurcation", "Voxel_Line", "Tiny_Lens"]
EVEN_ODD, DICE, SHIFT, SLICES, HOLES, ROUND_TRIP, KEYHOLES, OTHERS = range(8)


@pytest.fixture(scope="module")
def scan_cases(tmp_path_factory):
    """Two scans of the suite: its folder, what it said, and what it found."""
    folder, said = tmp_path_factory.mktemp("conformance") / "out", []
    found = run_conformance(folder, cases=["oblique", "feet-first"], say=said.append)
    return folder, said, found


def test_two_scans_conform(scan_cases):
    folder, said, found = scan_cases
    assert found.passed and [verdict.passed for verdict in found.verdicts][:OTHERS] == [True] * OTHERS
    assert [line.split(":")[0] for line in said] == ["oblique", "feet-first"]
    assert [row.structure for row in found.measured] == SHAPES * 2
    assert {row.findings for row in found.measured} == {""}
    require_conformance(found, folder)


def test_the_measures_are_those_of_the_shapes(scan_cases):
    rows = {row.structure: row for row in scan_cases[2].measured if row.case == "oblique"}
    assert rows["Sphere"].exact_volume_cc == pytest.approx(4 / 3 * np.pi * 1.73**3)
    assert abs(rows["Annulus"].exact_volume_error_percent) < 0.1
    assert rows["Annulus"].holes == rows["Keyhole"].holes == rows["Annulus"].slices == 17
    assert rows["Voxel_Line"].truth_volume_cc == pytest.approx(9 * 1.1 * 0.9 * 2.5 / 1000)
    assert rows["Voxel_Line"].exact_volume_cc == pytest.approx(9 * 1.1 * 0.9 * 2.5 / 1000)
    assert rows["Voxel_Line"].slices == 9 and rows["Tiny_Lens"].truth_volume_cc < 1


def test_the_tables_say_the_same(scan_cases):
    folder, _, found = scan_cases
    with (folder / "conformance.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    record = json.loads((folder / "conformance.json").read_text())
    assert [row["structure"] for row in rows] == [row["structure"] for row in record["structures"]] == SHAPES * 2
    assert list(rows[0]) == ["rtcontour", "date", *COLUMNS] and list(record["structures"][0]) == list(COLUMNS)
    assert [float(row["dice"]) for row in rows] == [row.dice for row in found.measured]
    assert record["rtcontour"] == rows[0]["rtcontour"] == __version__ and record["passed"] is True
    assert record["date"] == rows[0]["date"] == found.date


def test_the_page_states_version_date_criteria_and_every_column(scan_cases):
    folder, _, found = scan_cases
    page = (folder / "conformance.md").read_text(encoding="utf-8")
    assert f"rtcontour {__version__}, {found.date}" in page
    assert all(f"| {one.word} | {one.criterion} | {one.limit} | {one.worst} |" in page for one in found.verdicts)
    assert all(f"- `{name}`" in page and meaning in page for name, meaning in COLUMNS.items())
    assert page.count("| oblique | Tiny_Lens | ") == 1 and "j (-0.36, 0.48, 0.8)" in page
    assert len({line.count("|") for line in page.splitlines() if line.startswith("| oblique | S")}) == 1


def test_the_files_are_left_for_other_systems(scan_cases):
    case = scan_cases[0] / "cases" / "feet-first"
    assert read_ct_series(case / "ct").grid.matches(CASES["feet-first"]().grid)
    assert [roi.name for roi in read_structure_set(case / "rtstruct.dcm").rois] == SHAPES
    assert {path.name for path in case.iterdir()} == {"ct", "rtstruct.dcm"}


def moved_half_a_voxel(roi, grid):
    step = 0.5 * np.array(grid.spacing_mm[0]) * np.array(grid.direction[0])
    moved = tuple(Contour(contour.points_mm + step) for contour in roi.contours)
    return rasterize(Roi(roi.number, roi.name, moved), grid)


def with_holes_filled(roi, grid):
    """As readers do that join the contours of a slice."""
    full = np.zeros(grid.shape, bool)
    for contour in roi.contours:
        full |= rasterize([contour], grid).full()
    return Mask.from_array(full, grid)


def without_the_last_contour(roi, grid):
    return rasterize(roi.contours[:-1], grid)


def with_rows_turned_round(roi, grid):
    return Mask.from_array(rasterize(roi, grid).full()[:, ::-1], grid)


def with_one_voxel_more(roi, grid):
    full = rasterize(roi, grid).full()
    full[0, 0, 0] = True
    return Mask.from_array(full, grid)


@pytest.mark.parametrize(
    ("broken", "failing"),
    [
        (moved_half_a_voxel, {EVEN_ODD, DICE, SHIFT, ROUND_TRIP, KEYHOLES}),
        (with_holes_filled, {EVEN_ODD, DICE, SHIFT, HOLES, ROUND_TRIP}),
        (without_the_last_contour, {EVEN_ODD, DICE, SHIFT, SLICES, HOLES, ROUND_TRIP, KEYHOLES}),
        (with_rows_turned_round, {EVEN_ODD, DICE, SHIFT, ROUND_TRIP, KEYHOLES}),
        (with_one_voxel_more, {EVEN_ODD, ROUND_TRIP, KEYHOLES}),
    ],
)
def test_a_broken_importer_is_caught(broken, failing, tmp_path, monkeypatch, no_other_readers):
    monkeypatch.setattr(trip, "rasterize", broken)
    found = run_conformance(tmp_path / "out", cases=["anisotropic"])
    failed = {number for number, verdict in enumerate(found.verdicts) if verdict.passed is False}
    # A few voxels more or less may leave the centroid where it is.
    assert failing - {SHIFT} <= failed and EVEN_ODD in failed and not found.passed
    assert "**FAILED**" in (tmp_path / "out" / "conformance.md").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "out" / "conformance.json").read_text())["passed"] is False
    with pytest.raises(GeometryError, match=r"conformance\.md: this installation does not conform: voxels unlike"):
        require_conformance(found, tmp_path / "out")


def test_a_writer_that_loses_a_voxel_is_caught(tmp_path, monkeypatch, no_other_readers):
    def losing(path, masks, ct, **options):
        poorer = {}
        for name, mask in masks.items():
            poorer[name] = mask
            if isinstance(mask, Mask):
                full = mask.full()
                full[tuple(np.argwhere(full)[0])] = False
                poorer[name] = Mask.from_array(full, mask.grid)
        return write_structure_set(path, poorer, ct, **options)

    monkeypatch.setattr(trip, "write_structure_set", losing)
    verdicts = run_conformance(tmp_path / "out", cases=["axial"]).verdicts
    assert [number for number, verdict in enumerate(verdicts) if verdict.passed is False] == [ROUND_TRIP, KEYHOLES]
    assert verdicts[ROUND_TRIP].worst.startswith("1 in axial, ")


def test_an_importer_that_finds_nothing_is_caught(tmp_path, monkeypatch, no_other_readers):
    monkeypatch.setattr(trip, "rasterize", lambda roi, grid: rasterize((), grid))
    found = run_conformance(tmp_path / "out", cases=["axial"])
    assert [verdict.word for verdict in found.verdicts] == ["FAIL"] * 7 + ["NOT TESTED"]
    assert "–" in (tmp_path / "out" / "conformance.md").read_text(encoding="utf-8")


def test_an_existing_folder_is_kept_unless_replaced(tmp_path, no_other_readers):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        run_conformance(tmp_path, cases=["axial"])
    assert run_conformance(tmp_path, cases=["axial"], replace=True).passed
    assert not (tmp_path / "mine.txt").exists()


@pytest.mark.parametrize("cases", [["axial", "coronal"], []])
def test_an_unknown_case_is_refused(tmp_path, cases):
    with pytest.raises(ConfigError, match="expected some of axial, oblique"):
        run_conformance(tmp_path / "out", cases=cases)
