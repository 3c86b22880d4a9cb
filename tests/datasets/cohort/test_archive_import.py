"""An archive becomes a data set: exact, pseudonymous, resumable, the same for any number of workers."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import time

import distributed
import nibabel
import numpy as np
import pydicom
import pytest

from rtcontour.datasets import read_datalist
from rtcontour.datasets.cohort.archive_import import import_archive
from rtcontour.errors import ConfigError, DataSetError, InputFileError, OutputError


@pytest.fixture
def import_it(tmp_path, key, recipe):
    """Imports an archive into a folder, one process; gives the folder and the findings."""

    def run(archive, folder="data", **options):
        findings = []
        options = {"recipe": recipe, "key": key, "workers": 1, "findings": findings, **options}
        return import_archive(archive, tmp_path / folder, **options), findings

    return run


def hashes(folder):
    """Relative path -> hash of content, of all files."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def patients(key):
    return dict(line.split(",")[::-1] for line in (key / "patients.csv").read_text().split()[1:])


def codes(findings):
    return {(finding.code, finding.severity) for finding in findings}


def test_every_voxel_and_position_is_that_of_the_export(import_it, archive, key, invented):
    folder, _ = import_it(archive)
    for number in range(6):
        case = patients(key)[f"MRN-{number:05d}"]
        image = nibabel.load(folder / "images" / f"{case}.nii.gz")
        assert np.array_equal(np.asanyarray(image.dataobj), invented.hu_of(number))
        assert np.allclose(image.affine, invented.grid.affine_ras, atol=1e-4)
        for name, mask in invented.masks_of(number).items():
            stored = nibabel.load(folder / "masks" / case / f"{name}.nii.gz")
            assert np.array_equal(np.asanyarray(stored.dataobj) > 0, mask.full())


def test_the_data_set_reads_as_one(import_it, archive):
    folder, _ = import_it(archive, folds=3)
    data = read_datalist(folder)
    assert list(data.labels) == ["Femur_Head_R", "Femur_Head_L", "Bladder"]
    assert len(data.cases) == 6 and all(len(case.annotated) == 3 for case in data.cases)
    assert {case.cohort for case in data.cases} == {"contrast", "plain"}
    assert sorted(case.fold for case in data.cases) == [0, 0, 1, 1, 2, 2]


def test_no_output_holds_an_identifier(import_it, tmp_path, archive, key, invented):
    copy = tmp_path / "clinic"
    for number in range(3):
        invented.write_export(copy, number, names={"Bladder": "Bladder", "Femur_Head_L": "Quagmire Ring"})
    cut = invented.write_export(copy, 3)
    cut.write_bytes(cut.read_bytes()[:900])
    folder, findings = import_it(copy)
    assert ("patient-not-imported", "error") in codes(findings)
    hidden = [word for number in range(4) for word in invented.identifiers(number)]
    for path in folder.rglob("*"):
        assert not any(word in str(path.relative_to(folder)).lower() for word in hidden)
        if path.is_file():
            raw = path.read_bytes()
            text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("latin-1").lower()
            assert [word for word in hidden if word in text] == []
    assert "RS.Quagmire.3.dcm" in (key / "problems.txt").read_text()


def test_uids_are_not_to_be_found_either(import_it, archive):
    folder, _ = import_it(archive)
    uids = {pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID for path in archive.rglob("*.dcm")}
    for path in (*folder.rglob("*.json"), *folder.rglob("*.html")):
        assert not any(uid in path.read_text() for uid in uids)


def test_another_import_changes_nothing(import_it, archive):
    folder, _ = import_it(archive)
    before = hashes(folder)
    times = {path: path.stat().st_mtime_ns for path in folder.glob("images/*")}
    import_it(archive)
    assert hashes(folder) == before
    assert {path: path.stat().st_mtime_ns for path in folder.glob("images/*")} == times


def test_two_processes_make_the_same(import_it, archive):
    one, _ = import_it(archive)
    two, _ = import_it(archive, "two", workers=2, name="data")
    assert hashes(one) == hashes(two)


def test_two_workers_of_a_dask_cluster_make_the_same(import_it, archive):
    one, _ = import_it(archive)
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(processes=True, **options) as cluster:
        two, _ = import_it(archive, "two", scheduler=cluster.scheduler_address, name="data")
    assert hashes(one) == hashes(two)


def test_a_scheduler_that_does_not_answer_is_refused(import_it, archive, monkeypatch):
    monkeypatch.setattr("rtcontour.datasets.workers.SECONDS_TO_CONNECT", 0.2)
    for address in ("tcp://127.0.0.1:9", "no address at all"):
        with pytest.raises(ConfigError, match="nobody answers"):
            import_it(archive, scheduler=address)


def test_other_places_and_names_of_the_files_change_nothing(import_it, tmp_path, invented):
    clinic = tmp_path / "clinic"
    for number in range(2):
        invented.write_export(clinic, number)
    again = invented.write_export(tmp_path / "again", 1, masks=invented.masks_of(1, ["Bladder"]), approval="UNAPPROVED")
    dataset = pydicom.dcmread(again)
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4.5"
    dataset.save_as(clinic / "Quagmire_1" / "other.dcm")
    folder, _ = import_it(clinic)
    before = hashes(folder)
    times = {path: path.stat().st_mtime_ns for path in folder.glob("images/*")}
    for number, path in enumerate(reversed(sorted(clinic.rglob("ct/*")))):
        path.rename(clinic / f"{number:03d}.dcm")
    (clinic / "Quagmire_1").rename(clinic / "A")
    import_it(clinic)
    assert hashes(folder) == before
    assert {path: path.stat().st_mtime_ns for path in folder.glob("images/*")} == times  # not even written again


@pytest.mark.parametrize("word", ["NONE", ""])
def test_a_frame_of_reference_that_is_a_word_counts_as_missing(import_it, tmp_path, invented, word):
    rtstruct = invented.write_export(tmp_path / "clinic", 0)
    for path in (rtstruct.parent / "ct").iterdir():
        dataset = pydicom.dcmread(path)
        dataset.FrameOfReferenceUID = word
        dataset.save_as(path)
    folder, findings = import_it(tmp_path / "clinic")
    (case,) = read_datalist(folder).cases
    record = json.loads((folder / "records" / f"{case.case}.json").read_text())
    assert record["source"]["paired_by"] == "reference" and len(case.annotated) == 3
    assert "frame-of-reference-unknown" in {one.code for one in findings}
    assert not any("***" in one.subject for one in findings)


def test_new_patients_join_and_nobody_changes_the_split(import_it, tmp_path, invented):
    clinic = tmp_path / "clinic"
    for number in range(5):
        invented.write_export(clinic, number)
    folder, _ = import_it(clinic)
    before = {case.patient: case.split for case in read_datalist(folder).cases}
    for number in range(5, 9):
        invented.write_export(tmp_path / "more", number)
    import_it(tmp_path / "more")
    after = {case.patient: case.split for case in read_datalist(folder).cases}
    assert len(after) == 9 and {patient: after[patient] for patient in before} == before


def test_a_newer_structure_set_renews_the_case_in_its_split(import_it, tmp_path, key, invented):
    clinic = tmp_path / "clinic"
    for number in range(3):
        invented.write_export(clinic, number)
    folder, _ = import_it(clinic)
    before = hashes(folder)
    splits = {case.patient: case.split for case in read_datalist(folder).cases}
    (clinic / "Quagmire_1" / "RS.Quagmire.1.dcm").unlink()
    invented.write_export(tmp_path / "again", 1, masks=invented.masks_of(1, ["Bladder"]))
    (tmp_path / "again" / "Quagmire_1" / "RS.Quagmire.1.dcm").rename(clinic / "Quagmire_1" / "RS.new.dcm")
    import_it(clinic)
    case = patients(key)["MRN-00001"]
    after = hashes(folder)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert all(case in name or "audit" in name or name == "datalist.json" for name in changed)
    data = read_datalist(folder)
    assert {one.patient: one.split for one in data.cases} == splits
    assert next(one for one in data.cases if one.case == case).annotated == ("Bladder",)
    assert not (folder / "masks" / case / "Femur_Head_L.nii.gz").exists()


def test_a_structure_set_edited_under_its_old_uid_renews_the_case(import_it, tmp_path, key, invented):
    path = invented.write_export(tmp_path / "clinic", 1)
    folder, _ = import_it(tmp_path / "clinic")
    case = patients(key)["MRN-00001"]
    uid = pydicom.dcmread(path).SOPInstanceUID
    edited = pydicom.dcmread(invented.write_export(tmp_path / "again", 1, masks=invented.masks_of(1, ["Bladder"])))
    edited.SOPInstanceUID = edited.file_meta.MediaStorageSOPInstanceUID = uid
    edited.save_as(path)
    import_it(tmp_path / "clinic")
    assert next(one for one in read_datalist(folder).cases if one.case == case).annotated == ("Bladder",)


def test_a_review_leaves_out_cases_and_structures_and_brings_them_back(import_it, tmp_path, archive, key):
    folder, _ = import_it(archive)
    before = hashes(folder)
    first, second = (patients(key)[f"MRN-{number:05d}"] for number in (0, 1))
    (tmp_path / "review.csv").write_text(
        f"case,structure,decision,comment\n{first},,exclude,\n{second},Bladder,not contoured,\n"
    )
    _, findings = import_it(archive, review=tmp_path / "review.csv")
    assert {("case-excluded", "note"), ("review-not-contoured", "note")} <= codes(findings)
    data = read_datalist(folder)
    assert first not in {case.case for case in data.cases} and not list(folder.rglob(f"*{first}*.nii.gz"))
    case = next(case for case in data.cases if case.case == second)
    assert "Bladder" not in case.annotated
    assert data.labels["Bladder"] not in np.asanyarray(nibabel.load(case.label).dataobj)
    import_it(archive)
    assert hashes(folder) == before


def test_a_broken_patient_is_told_and_left_out(import_it, tmp_path, key, invented):
    clinic = tmp_path / "clinic"
    for number in range(3):
        invented.write_export(clinic, number)
    slices = sorted((clinic / "Quagmire_1" / "ct").iterdir())
    slices[4].write_bytes(slices[4].read_bytes()[:-200])
    (clinic / "notes.txt").write_text("call Quagmire")
    folder, findings = import_it(clinic)
    assert len(read_datalist(folder).cases) == 2
    assert ("patient-not-imported", "error") in codes(findings)
    assert slices[4].name in (key / "problems.txt").read_text()
    cohort = json.loads((folder / "cohort.json").read_text())
    assert list(cohort["not_imported"]) == [patients(key)["MRN-00001"]]


def test_a_fault_of_our_own_stops_one_patient_only(import_it, archive, monkeypatch, key):
    from rtcontour.datasets.cohort import import_patient

    real = import_patient.merge_masks

    def fail_once(masks, labels, grid):
        monkeypatch.setattr(import_patient, "merge_masks", real)
        raise ZeroDivisionError("about Quagmire")

    monkeypatch.setattr(import_patient, "merge_masks", fail_once)
    folder, findings = import_it(archive)
    assert len(read_datalist(folder).cases) == 5
    told = next(finding for finding in findings if finding.code == "patient-not-imported")
    assert "ZeroDivisionError" in told.message and "Quagmire" not in told.message
    assert "ZeroDivisionError: about Quagmire" in (key / "problems.txt").read_text()


def test_overlaps_go_by_priority_in_the_label_map_and_stay_in_the_masks(import_it, tmp_path, key, invented):
    masks = invented.masks_of(0)
    masks["Bladder"] = masks["Femur_Head_L"]
    invented.write_export(tmp_path / "clinic", 0, masks=masks)
    folder, findings = import_it(tmp_path / "clinic")
    assert any(code == "roi-duplicate" for code, _ in codes(findings))
    case = read_datalist(folder).cases[0]
    both = [
        nibabel.load(folder / "masks" / case.case / f"{name}.nii.gz").get_fdata()
        for name in ("Bladder", "Femur_Head_L")
    ]
    assert both[0].sum() == both[1].sum() > 0
    assert len(np.unique(np.asanyarray(nibabel.load(case.label).dataobj))) == 3  # background and two of the three


PROGRAM = """
import sys
from rtcontour.datasets.cohort.archive_import import import_archive
if __name__ == "__main__":
    archive, data, recipe, key, workers = sys.argv[1:]
    print("begins", flush=True)
    import_archive(archive, data, recipe=recipe, key=key, workers=int(workers), name="data", findings=[])
    print("ends", flush=True)
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_killed_at_five_moments_it_goes_on_to_the_same_data_set(
    import_it, start_script, all_end, tmp_path, archive, recipe, key, workers
):
    whole, _ = import_it(archive)

    def start(folder):
        script = start_script(PROGRAM, archive, tmp_path / folder, recipe, key, workers)
        assert script.stdout.readline() == "begins\n", script.stderr.read()
        return script

    started, script = time.monotonic(), start("undisturbed")
    assert script.stdout.readline() == "ends\n"
    takes_s = time.monotonic() - started
    assert hashes(tmp_path / "undisturbed") == hashes(whole)
    draw = random.Random(workers)
    for _ in range(5):
        script = start("killed")
        time.sleep(draw.uniform(0, takes_s))
        script.kill()  # itself alone: its workers have to notice
        script.wait()
        assert all_end(script.pid)
    import_it(archive, "killed", name="data")
    assert hashes(tmp_path / "killed") == hashes(whole)


def test_half_written_files_of_a_killed_import_are_swept_away(import_it, archive):
    folder, _ = import_it(archive)
    before = hashes(folder)
    (folder / "images" / ".abc.partial.nii.gz").write_bytes(b"half")
    (folder / "masks" / ".abc.partial").mkdir()
    (folder / "masks" / ".abc.partial" / "Bladder.nii.gz").write_bytes(b"half")
    next(iter(folder.glob("images/p*"))).unlink()
    import_it(archive)
    assert hashes(folder) == before


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"recipe": "nobody"}, ConfigError, "no such recipe"),
        ({"shares": (0, 1, 0)}, ConfigError, "shares"),
        ({"shares": (0.5, -0.1, 0.6)}, ConfigError, "shares"),
        ({"folds": 1}, ConfigError, "folds"),
        ({"workers": 0}, ConfigError, "workers"),
        ({"review": "none.csv"}, InputFileError, "none.csv"),
        ({"aliases": "none.json"}, InputFileError, "none.json"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_written(
    import_it, tmp_path, archive, options, error, message
):
    with pytest.raises(error, match=message):
        import_it(archive, **options)
    assert not (tmp_path / "data").exists()


def test_a_folder_that_holds_something_else_is_left_alone(import_it, tmp_path, archive):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "thesis.txt").write_text("mine")
    with pytest.raises(OutputError, match="no import made"):
        import_it(archive)
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["thesis.txt"]


def test_a_data_set_of_other_structures_is_not_mixed_with_this_one(import_it, tmp_path, archive):
    import_it(archive)
    (tmp_path / "other.json").write_text('{"recipe": {"structures": ["Bladder"], "checkpoint": "x.pt"}}')
    with pytest.raises(OutputError, match="labels are"):
        import_it(archive, recipe=tmp_path / "other.json")


def test_an_archive_without_a_patient_says_so(import_it, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataSetError, match="no patient"):
        import_it(tmp_path / "empty")
    with pytest.raises(InputFileError, match="does not exist"):
        import_it(tmp_path / "nowhere")


def test_only_one_import_works_in_a_data_set(import_it, archive, key):
    import fcntl

    with (key / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(OutputError, match="another import"):
            import_it(archive)
