import hashlib
import json
from types import SimpleNamespace

import numpy as np
import pytest

from rtcontour.errors import ConfigError, OutputError
from rtcontour.grid import Grid
from rtcontour.mask import Mask
from rtcontour.phantom.clinic import write_clinic
from rtcontour.phantom.clinic.case import tidy
from rtcontour.phantom.clinic.clinic import fits_into_scan
from rtcontour.phantom.clinic.defects import BY_NAME, KINDS, deal
from rtcontour.phantom.clinic.persons import draw_hospital, draw_person, identifiers
from rtcontour.phantom.clinic.spelling import HABITS, SECOND, UNKNOWN
from rtcontour.structures import find_structure

TINY = {"spacing_mm": (5.0, 6.0, 8.0), "columns_rows": (90, 72), "slices": 26}


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    return write_clinic(tmp_path_factory.mktemp("clinic") / "clinic", patients=4, seed=3, workers=2, **TINY)


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def planted(folder):
    return json.loads((folder / "planted.json").read_text(encoding="utf-8"))


def test_files_are_the_same_for_any_number_of_workers_and_patients(clinic, tmp_path):
    first = contents(write_clinic(tmp_path / "fewer", patients=3, seed=3, **TINY) / "export")
    whole = contents(clinic / "export")
    assert first.items() <= whole.items()
    assert len(whole) > len(first) > 60
    assert contents(write_clinic(tmp_path / "same", patients=4, seed=3, **TINY)) == contents(clinic)


def test_planted_accounts_for_every_patient(clinic):
    told = planted(clinic)
    assert set(told["identifiers"]) == set(told["patients"])
    assert sorted([*told["clean"], *(one["patient_id"] for one in told["defects"])]) == sorted(told["patients"])
    folders = {path.name for path in (clinic / "export").iterdir()} - {
        name for one in told["defects"] if one["kind"] == "exported-twice" for name in one["where"]["folders"][1:]
    }
    assert folders == {about["folder"] for about in told["patients"].values()}
    for one in told["defects"]:
        kind = BY_NAME[one["kind"]]
        assert (one["finding"], one["not_imported"]) == (kind.finding, kind.not_imported)


def test_export_is_full_of_identifiers(clinic):
    told = planted(clinic)
    for patient_id, about in told["patients"].items():
        files = [path for path in (clinic / "export" / about["folder"]).rglob("*.dcm")]
        text = b"".join(path.read_bytes() for path in files).decode("latin-1")
        there = [one for one in told["identifiers"][patient_id] if one in text]
        assert patient_id in there
        assert len(there) >= 20
        family = about["folder"].split("_")[0].upper()
        assert family in [one.upper() for one in told["identifiers"][patient_id]]


def test_clinic_without_defects_is_clean(tmp_path):
    told = planted(write_clinic(tmp_path / "clean", patients=1, seed=1, defects=False, **TINY))
    assert told["defects"] == []
    assert len(told["clean"]) == 1


def test_existing_folder_is_replaced_only_when_asked(clinic, tmp_path):
    with pytest.raises(OutputError, match="exists already"):
        write_clinic(clinic, patients=1, **TINY)
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "file").touch()
    write_clinic(tmp_path / "old", patients=1, replace=True, **TINY)
    assert not (tmp_path / "old" / "file").exists()


def test_nothing_is_left_of_a_clinic_that_fails(tmp_path):
    def stop(*_):
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        write_clinic(tmp_path / "half", patients=2, progress=stop, **TINY)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wrong", [{"patients": 0}, {"patients": 1, "workers": 0}, {"patients": 1, "defects": ["no"]}])
def test_impossible_clinic_is_refused(tmp_path, wrong):
    with pytest.raises(ConfigError):
        write_clinic(tmp_path / "none", **wrong)


@pytest.mark.parametrize("seed", range(5))
def test_every_kind_comes_up_and_a_third_is_clean(seed):
    count = -(-3 * len(KINDS) // 2)
    dealt = [deal(seed, n, KINDS) for n in range(count)]
    assert {kind.name for kind in dealt if kind} == set(BY_NAME)
    assert all(dealt[n : n + 3].count(None) == 1 for n in range(0, count - 2, 3))
    assert dealt != [deal(seed + 1, n, KINDS) for n in range(count)]


def test_persons_are_told_apart_and_nothing_that_tells_is_short():
    hospital = draw_hospital(8)
    people = [draw_person(8, n, sex="FM"[n % 2], age_on=2015) for n in range(200)]
    assert len({person.patient_id for person in people}) == 200
    assert all(len(one) >= 8 for person in people for one in identifiers(person, hospital))
    assert all(len(person.dicom_name) <= 64 and len(hospital.station) <= 16 for person in people)


def test_clinic_spells_structures_so_that_they_resolve_but_for_slips():
    for habit in HABITS:
        assert all(find_structure(name).name == structure for structure, name in habit.items())
    assert all(find_structure(name).name == structure for structure, name in SECOND.items())
    assert all(find_structure(name) is None for names in UNKNOWN.values() for name in names)


GRID = Grid((40, 30, 20), (5.0, 6.0, 7.0), (0.0, 0.0, 0.0))  # 0.21 cc a voxel


def box(columns, rows, slices):
    voxels = np.zeros(GRID.shape, bool)
    voxels[slice(*columns), slice(*rows), slice(*slices)] = True
    return Mask.from_array(voxels, GRID)


@pytest.mark.parametrize(
    ("name", "mask", "fits"),
    [
        ("Bladder", box((10, 20), (10, 20), (4, 12)), True),
        ("Bladder", box((10, 20), (10, 20), (12, 20)), False),
        ("Femur_Head_L", box((25, 30), (10, 20), (0, 6)), False),
        ("Bag_Bowel", box((10, 30), (10, 20), (8, 20)), True),  # goes on beyond most scans
        ("External", box((0, 39), (2, 28), (0, 20)), False),
    ],
)
def test_a_patient_whom_the_scan_cuts_is_no_clean_one(name, mask, fits):
    masks = {"External": box((2, 38), (2, 28), (0, 20)), name: mask}
    assert fits_into_scan(SimpleNamespace(grid=GRID, masks=masks)) == fits


def test_nobody_draws_a_crumb_beside_a_bowel_bag_but_both_sides_of_a_nodal_volume():
    bag, crumb = box((4, 36), (4, 20), (4, 18)), box((20, 22), (23, 25), (6, 8))  # 1505 and 1.7 cc
    both = Mask.from_array(bag.full() | crumb.full(), GRID)
    assert np.array_equal(tidy(both).full(), bag.full())
    left, right = box((4, 8), (4, 20), (4, 18)), box((20, 24), (4, 20), (4, 12))
    sides = Mask.from_array(left.full() | right.full(), GRID)
    assert np.array_equal(tidy(sides).full(), sides.full())
