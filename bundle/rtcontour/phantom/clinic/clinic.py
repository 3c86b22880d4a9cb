"""write_clinic: the export of a whole synthetic clinic, with defects at known places."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from rtcontour.datasets.audit.habits import is_longer_than_scans
from rtcontour.errors import ConfigError
from rtcontour.files import refuse_to_replace, whole_folder
from rtcontour.phantom.clinic.case import Case, make_case
from rtcontour.phantom.clinic.defects import Planted, chosen_kinds, deal
from rtcontour.phantom.clinic.export import Export, write_export
from rtcontour.phantom.clinic.headers import dicom_date
from rtcontour.phantom.clinic.persons import draw_hospital, identifiers
from rtcontour.phantom.pelvis import draw_pelvis
from rtcontour.phantom.phantom import Phantom
from rtcontour.processes import in_processes

EXPORT, PLANTED = "export", "planted.json"
DEFECT = 103  # stream of random numbers
MOST_DRAWS = 8  # then the image is too small for anybody


@dataclass(frozen=True)
class Clinic:
    """What all patients have in common: the seed, the kinds of defects, and how large the scans are."""

    seed: int
    kinds: tuple[str, ...]
    spacing_mm: tuple[float, float, float] | None
    slices: int | None
    columns_rows: tuple[int, int] | None


@dataclass(frozen=True)
class Written:
    """What planted.json says of one patient."""

    patient_id: str
    about: dict[str, Any]
    identifiers: list[str]
    planted: Planted | None


def write_clinic(
    out_dir: str | Path,
    *,
    patients: int,
    seed: int = 0,
    workers: int = 1,
    defects: bool | Sequence[str] = True,
    spacing_mm: tuple[float, float, float] | None = None,
    slices: int | None = None,
    columns_rows: tuple[int, int] | None = None,
    replace: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> Path:
    """Write an ARIA-like export of synthetic pelvis patients, and where its defects are.

    Leaves OUT_DIR/export with a folder a patient, and OUT_DIR/planted.json: every defect, its place and the finding
    that must tell of it, the clean patients, what each patient is, and all strings that no output may hold. Patient
    number n depends on `seed`, n, `defects` and the sizes alone, so a larger clinic begins with the patients of a
    smaller one. Of each three patients in a row one is clean and two have one defect each.

    Args:
        out_dir: appears whole or not at all.
        patients: how many.
        seed: of the whole clinic.
        workers: processes that draw side by side; the files are the same for any number.
        defects: whether there are any; or the names of the kinds that are dealt out.
        spacing_mm: one voxel size for all scans; drawn by default.
        slices: one number of slices for all scans; drawn by default.
        columns_rows: one matrix for all scans; 512 x 512 by default.
        replace: whether an existing folder may be replaced.
        progress: called with (patient, how many are done, how many in all).

    Returns:
        The folder.

    Raises:
        ConfigError: a number of patients, workers, or a kind of defect that cannot be.
        OutputError: the folder exists or cannot be written.
    """
    out_dir = Path(out_dir)
    if patients < 1 or workers < 1 or seed < 0:
        raise ConfigError(
            f"clinic of {patients} patients, {workers} workers, seed {seed}; expected 1 or more, seed of 0 or more"
        )
    kinds = tuple(kind.name for kind in chosen_kinds(defects))
    refuse_to_replace(out_dir, (), replace=replace)
    clinic = Clinic(seed, kinds, spacing_mm, slices, columns_rows)
    with whole_folder(out_dir, replace=replace) as whole:
        root = whole.resolve() / EXPORT
        root.mkdir()
        written = []
        for one in in_processes(partial(write_clinic_patient, root, clinic), range(patients), workers):
            written.append(one)
            if progress is not None:
                progress(f"patient {len(written)}", len(written), patients)
        text = json.dumps(_planted(seed, written), indent=1, ensure_ascii=False)
        (whole / PLANTED).write_text(text + "\n", encoding="utf-8")
    return out_dir


def write_clinic_patient(root: Path, clinic: Clinic, number: int) -> Written:
    """Draw patient `number`, give it its defect, and write its files under `root`."""
    phantom = _draw_whole(clinic, number)
    case = make_case(clinic.seed, number, phantom)
    kind = deal(clinic.seed, number, chosen_kinds(clinic.kinds))
    rng, planted = np.random.default_rng([clinic.seed, number, DEFECT]), None
    if kind is not None and kind.in_case is not None:
        case, place = kind.in_case(case, rng)
        planted = Planted(kind, case.person.patient_id, place)
    hospital = draw_hospital(clinic.seed)
    export = write_export(root, case, hospital)
    if kind is not None and kind.in_files is not None:
        planted = Planted(kind, case.person.patient_id, kind.in_files(export, rng))
    return Written(case.person.patient_id, _about(export), identifiers(case.person, hospital), planted)


def _draw_whole(clinic: Clinic, number: int) -> Phantom:
    """A patient who fits into the scan, so that one who does not is a defect; others are drawn again."""
    for draw in range(MOST_DRAWS):
        case_seed = int(np.random.SeedSequence([clinic.seed, number, draw]).generate_state(1)[0])
        phantom = draw_pelvis(
            case_seed, spacing_mm=clinic.spacing_mm, slices=clinic.slices, columns_rows=clinic.columns_rows
        )
        if fits_into_scan(phantom):
            break
    return phantom


def fits_into_scan(phantom: Phantom) -> bool:
    """Whether the image goes all around the body, and the scan holds whole what scans usually hold whole."""
    whole = [mask for name, mask in phantom.masks.items() if mask.voxel_count and not is_longer_than_scans(name)]
    ends = [(mask.box[2], phantom.grid.shape[2]) for mask in whole]
    edges = zip(phantom.masks["External"].box[:2], phantom.grid.shape[:2], strict=True)
    return all(part.start > 0 and part.stop < size for part, size in (*edges, *ends))


def _about(export: Export) -> dict[str, Any]:
    """Plain facts that tests of an import compare with."""
    case: Case = export.case
    return {
        "folder": export.relative(export.folder),
        "sex": case.person.sex,
        "contrast": case.contrast,
        "manufacturer": case.scanner.manufacturer,
        "model": case.scanner.model,
        "study_date": dicom_date(case.date),
        "uids": [export.ct.study_uid, export.ct.series_uid, str(export.ct.frame_of_reference_uid)],
        "structures": {name: case.names[name] for name in sorted(case.names) if case.has(name)},
    }


def _planted(seed: int, written: Sequence[Written]) -> dict[str, Any]:
    return {
        "seed": seed,
        "identifiers": {one.patient_id: one.identifiers for one in written},
        "clean": [one.patient_id for one in written if one.planted is None],
        "defects": [one.planted.to_json() for one in written if one.planted is not None],
        "patients": {one.patient_id: one.about for one in written},
    }
