"""Defects of the export itself: files that are lost, broken, doubled, superseded, or refer to what is not there."""

from __future__ import annotations

import datetime
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import UID

from rtcontour.dicom import CtSeries
from rtcontour.grid import Grid
from rtcontour.mask import Mask
from rtcontour.phantom.clinic.case import Case
from rtcontour.phantom.clinic.export import Export, change_file, write_contours, write_ct, write_plan
from rtcontour.phantom.clinic.headers import ascii_name, uid_of
from rtcontour.phantom.clinic.mask_edits import moved, with_volume
from rtcontour.phantom.clinic.place import Place

DAYS_TO_NEWER, DAYS_TO_REPLAN = 9, 30
REPLAN_SHIFT = (3, -2)  # columns and rows that the patient lies elsewhere


def add_newer_unapproved(export: Export, rng: np.random.Generator) -> Place:
    """A newer structure set that nobody approved, one structure in it larger, beside the approved one."""
    case = export.case
    approved = write_contours(export.folder, replace(case, approved=True), export.hospital, export.ct)
    structure = next(name for name in ("Bladder", "Femur_Head_L", "Femur_Head_R", "Rectum") if case.has(name))
    larger = replace(case.with_mask(structure, with_volume(case.mask(structure), 1.25)), approved=False)
    newer = write_contours(export.folder, larger, export.hospital, export.ct, version=1, later_days=DAYS_TO_NEWER)
    where = {"use_structure_set": _uid(approved), "not_used": [_uid(newer)], "changed": structure}
    return Place(None, {**where, **_files(export, newer)})


def add_second_ct(export: Export, rng: np.random.Generator) -> Place:
    """A newer CT of the patient on which nobody contoured."""
    again, _ = _scan_again(export)
    return Place(None, {"use_ct": export.ct.series_uid, "not_used": [again.series_uid], **_files(export, *again.paths)})


def add_replan(export: Export, rng: np.random.Generator) -> Place:
    """A newer CT of the patient with an approved structure set of its own; the older one is approved too."""
    first = write_contours(export.folder, replace(export.case, approved=True), export.hospital, export.ct)
    again, case = _scan_again(export)
    case = replace(case, approved=True)
    newer = write_contours(again.paths[0].parent, case, export.hospital, again, version=1)
    where = {
        "use_ct": again.series_uid,
        "use_structure_set": _uid(newer),
        "not_used": [export.ct.series_uid, _uid(first)],
    }
    return Place(None, {**where, **_files(export, newer, *again.paths)})


def lose_ct(export: Export, rng: np.random.Generator) -> Place:
    """Contours without the CT that they were drawn on."""
    for path in export.ct.paths:
        path.unlink()
    return Place(None, {"lost": len(export.ct.paths)})


def lose_structure_set(export: Export, rng: np.random.Generator) -> Place:
    """A CT without contours."""
    export.structure_set.unlink()
    return Place(None, {"lost": 1})


def change_references(export: Export, rng: np.random.Generator) -> Place:
    """The CT went through an archive that gave its images and series new UIDs; frame of reference and place agree."""
    path = write_contours(export.folder, export.case, export.hospital, _under_other_uids(export))
    return Place(None, {"use_ct": export.ct.series_uid, **_files(export, path)})


def change_frame(export: Export, rng: np.random.Generator) -> Place:
    """Another frame of reference than the CT's, whose images are named all the same or not even that."""
    named = bool(rng.random() < 0.5)
    other = replace(
        export.ct if named else _under_other_uids(export), frame_of_reference_uid=uid_of(export.case, "gone", "frame")
    )
    path = write_contours(export.folder, export.case, export.hospital, other)
    return Place(None, {"images_named": named, **_files(export, path)})


def truncate_structure_set(export: Export, rng: np.random.Generator) -> Place:
    """The copy of the structure set broke off."""
    return _truncate(export, export.structure_set, 0.6)


def truncate_slice(export: Export, rng: np.random.Generator) -> Place:
    """The copy of one slice broke off within its pixels; its header can be read."""
    return _truncate(export, export.ct.paths[len(export.ct.paths) // 2], 0.7)


def lose_slice(export: Export, rng: np.random.Generator) -> Place:
    """A slice in the middle of the CT was lost."""
    k = len(export.ct.paths) // 2
    export.ct.paths[k].unlink()
    return Place(None, {"slices": [k], "z_mm": round(float(export.ct.grid.to_mm([[0, 0, k]])[0][2]), 1)})


def export_twice(export: Export, rng: np.random.Generator) -> Place:
    """The whole patient once more, in another folder."""
    copy = export.root / f"{export.case.person.folder} (2)"
    shutil.copytree(export.folder, copy)
    return Place(None, {"folders": [export.relative(export.folder), export.relative(copy)]})


def add_localizer(export: Export, rng: np.random.Generator) -> Place:
    """A scout view, a CT image in a series of its own, seen from the side."""
    path = export.folder / f"CT.{uid_of(export.case, 'localizer')}.dcm"
    shutil.copyfile(export.ct.paths[0], path)

    def make_localizer(image: Dataset) -> None:
        image.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = UID(uid_of(export.case, "localizer"))
        image.SeriesInstanceUID = uid_of(export.case, "localizer", "series")
        image.ImageOrientationPatient = ["0", "1", "0", "0", "0", "-1"]
        image.SeriesDescription = f"Scout {export.case.person.family}"

    change_file(path, make_localizer)
    return Place(None, _files(export, path))


def add_plan_and_dose(export: Export, rng: np.random.Generator) -> Place:
    """A plan and its dose, as most exports hold them."""
    return Place(None, _files(export, *write_plan(export)))


def add_other_files(export: Export, rng: np.random.Generator) -> Place:
    """What lies in folders that people work in: a letter, a table, a picture index, an empty file."""
    person = export.case.person
    letter = export.folder / f"Letter_{ascii_name(person.family)}.txt"
    letter.write_text(f"{person.given} {person.family}, born {person.birth_date}\n{person.remark}\n", encoding="utf-8")
    table = export.folder / "dvh.csv"
    table.write_text(f"patient,{person.patient_id}\nstructure,mean_gy\nBladder,31.2\n")
    index = export.folder / "Thumbs.db"
    index.write_bytes(bytes(rng.integers(0, 256, 2048, dtype=np.uint8)))
    empty = export.folder / "RS.dcm"
    empty.touch()
    return Place(None, _files(export, letter, table, index, empty))


def respell_patient_id(export: Export, rng: np.random.Generator) -> Place:
    """The planning system holds the patient's number in small letters, and perhaps with a blank before it.

    A blank alone would be none: DICOM takes it for padding (PS3.5 6.2, LO).
    """
    small = export.case.person.patient_id.lower()
    spelt = str(rng.choice([small, f" {small}"]))

    def respell(dataset: Dataset) -> None:
        dataset.PatientID = spelt

    change_file(export.structure_set, respell)
    return Place(None, {"patient_id_there": spelt, **_files(export, export.structure_set)})


def _scan_again(export: Export) -> tuple[CtSeries, Case]:
    """The patient a month later, lying a little elsewhere, in a study of its own; and the case of that scan."""
    case, shift = export.case, (*REPLAN_SHIFT, 0)
    x, y, z = case.grid.origin_mm
    grid = Grid(case.grid.shape, case.grid.spacing_mm, (x, y, z + 10.0))

    def there(mask: Mask) -> Mask:
        lies = moved(mask, shift)
        return Mask(grid, lies.start, lies.voxels)

    later = replace(
        case,
        date=case.date + datetime.timedelta(DAYS_TO_REPLAN),
        hu=np.asfortranarray(np.roll(case.hu, shift, axis=(0, 1, 2))),
        grid=grid,
        rois={name: there(drawn) for name, drawn in case.rois.items() if isinstance(drawn, Mask)},
    )
    folder = export.folder / f"Replan_{later.date.isoformat()}"
    return write_ct(folder, later, export.hospital, scan=1), later


def _under_other_uids(export: Export) -> CtSeries:
    uids = tuple(uid_of(export.case, "gone", k) for k in range(len(export.ct.image_uids)))
    return replace(export.ct, series_uid=uid_of(export.case, "gone", "series"), image_uids=uids)


def _truncate(export: Export, path: Path, share: float) -> Place:
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    return Place(None, {"bytes": [path.stat().st_size, len(content)], **_files(export, path)})


def _uid(path: Path) -> str:
    return str(dcmread(path, stop_before_pixels=True).SOPInstanceUID)


def _files(export: Export, *paths: Path) -> dict[str, list[str]]:
    return {"files": sorted(export.relative(path) for path in paths)}
