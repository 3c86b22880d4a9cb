import numpy as np
import pytest

from rtcontour.conformance import CASES, other_readers
from rtcontour.conformance.other_readers import READERS, cross_read, missing_readers
from rtcontour.conformance.trip import travel
from rtcontour.conformance.verdict import judge


@pytest.fixture(scope="module", params=["oblique", "anisotropic"])
def travelled(request, tmp_path_factory):
    case, folder = CASES[request.param](), tmp_path_factory.mktemp("case")
    return case, folder, travel(case, folder)


@pytest.mark.parametrize("reader", [one for one in READERS if one.judged], ids=lambda reader: reader.name)
def test_another_program_reads_the_same_voxels(reader, travelled, monkeypatch):
    if reader.version() is None:
        pytest.skip(f"{reader.name} is not installed")
    monkeypatch.setattr(other_readers, "READERS", (reader,))
    (row,) = cross_read(*travelled)
    assert row.reader == reader.name and row.version == reader.version() and row.case == travelled[0].name
    assert row.lowest_dice >= 0.9995 and row.differing_voxels <= 20


def test_rt_utils_reads_our_structure_set_as_its_own_rule_has_it(travelled, monkeypatch):
    (reader,) = [one for one in READERS if one.name == "rt-utils"]
    if reader.version() is None:
        pytest.skip("rt-utils is not installed")
    monkeypatch.setattr(other_readers, "READERS", (reader,))
    (row,) = cross_read(*travelled)
    assert row.structures == 8 and not row.judged
    if travelled[0].name == "anisotropic":
        assert row.lowest_dice > 0.95


def failing(case, folder, trip):
    raise RuntimeError("no such orientation\nand more")


def shifted(case, folder, trip):
    ours = {name: one.mask.full() for name, one in trip.imported.items()}
    return {name: np.roll(mask, 1, axis=0) for name, mask in ours.items()}, ours


def only(monkeypatch, read, version="1.0"):
    reader = other_readers.Reader("another", lambda: version, read, True, "a remark")
    monkeypatch.setattr(other_readers, "READERS", (reader,))


def test_a_program_that_stumbles_is_told_and_not_judged(travelled, monkeypatch):
    only(monkeypatch, failing)
    (row,) = cross_read(*travelled)
    assert row.remark == "could not read it: RuntimeError: no such orientation" and row.lowest_dice is None
    assert judge((), [row])[-1].word == "NOT TESTED"


def test_a_program_that_reads_something_else_fails_the_suite(travelled, monkeypatch):
    only(monkeypatch, shifted)
    (row,) = cross_read(*travelled)
    assert row.lowest_dice < 0.99 and row.remark == "a remark"
    verdict = judge((), [row])[-1]
    assert verdict.word == "FAIL" and "another" in verdict.worst


def test_a_program_that_is_not_installed_has_its_line(travelled, monkeypatch):
    only(monkeypatch, failing, version=None)
    assert list(cross_read(*travelled)) == []
    (row,) = missing_readers()
    assert (row.reader, row.remark, row.case) == ("another", "not installed", "")
