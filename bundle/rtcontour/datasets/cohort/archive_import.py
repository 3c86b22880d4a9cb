"""import_archive: a folder of clinical exports as a data set. It may be killed at any moment, and goes on when called
again; what is there already is not imported twice.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rtcontour.datasets.audit.audit import audit_data_set
from rtcontour.datasets.channels import recipe_channels
from rtcontour.datasets.cohort.cohort_file import Cohort, read_cohort, write_cohort
from rtcontour.datasets.cohort.import_patient import ImportedPatient, ImportSettings, import_patient, remove_case
from rtcontour.datasets.cohort.pseudonyms import default_key_folder, open_pseudonyms, write_patients
from rtcontour.datasets.cohort.splits import deal_patients
from rtcontour.datasets.data_set import SPLITS, DataSet
from rtcontour.datasets.datalist import write_datalist
from rtcontour.datasets.recipe import recipe_entry
from rtcontour.datasets.record import case_of, findings_of, read_records
from rtcontour.datasets.review import read_review
from rtcontour.datasets.workers import open_workers, results_of
from rtcontour.errors import ConfigError, DataSetError, Finding, OutputError, deliver
from rtcontour.files import require_folder, whole_file
from rtcontour.processors import count_processors
from rtcontour.structures import read_aliases

if TYPE_CHECKING:
    from rtcontour.dicom.archive import Archive

PROBLEMS, LOCK = "problems.txt", "lock"
DIED = "the process that imported it died; with too little memory, take fewer workers"
SHARES = (0.7, 0.15, 0.15)

Progress = Callable[[str, int, int], None]


def import_archive(
    export_dir: str | Path,
    dataset_dir: str | Path,
    *,
    recipe: str | Path,
    aliases: str | Path | None = None,
    shares: Sequence[float] = SHARES,
    folds: int = 0,
    seed: int = 0,
    key: str | Path | None = None,
    review: str | Path | None = None,
    exclude: Iterable[str] = (),
    fill_gaps: bool = False,
    ignore_frame_of_reference: bool = False,
    workers: int | None = None,
    scheduler: str | None = None,
    name: str | None = None,
    findings: list[Finding] | None = None,
    progress: Progress | None = None,
) -> Path:
    """Make a data set of the patients in a folder of DICOM exports, or add them to one made before.

    A patient is one case: the structure set that `choose_pair` chooses, with its CT. Patients are known by pseudonyms
    only; the secret behind them lies in the key folder. A broken patient is left out, with the reason in cohort.json,
    and the rest goes on. Called again with the same folders, it imports what is new or has changed, and leaves
    patients in their splits.

    Args:
        export_dir: any layout; headers alone count.
        dataset_dir: the data set folder.
        recipe: name or file of the recipe whose structures are wanted.
        aliases: a JSON file {"written name": "TG-263 name"}, the department's own names.
        shares: of the patients in training, validation and test.
        folds: for cross-validation, how many; 0 for none.
        seed: draws the splits and folds.
        key: the key folder; beside the data set by default.
        review: a CSV file of decisions about cases and structures (`read_review`).
        exclude: further cases to leave out.
        fill_gaps: interpolate slices that were left out between contours.
        ignore_frame_of_reference: go on where the frames of reference of CT and structure set differ.
        workers: processes; None for one a processor.
        scheduler: address of a dask scheduler whose workers are used instead.
        name: title of the data set.
        findings: takes what was odd; logged where None.
        progress: called with (what was done, how many are done, how many in all).

    Returns:
        The data set folder.

    Raises:
        ConfigError: an unknown recipe, impossible shares or folds.
        InputFileError: no such export folder, or review or aliases that cannot be read.
        DataSetError: no patient could be imported; the first reason is told.
        OutputError: the folder holds something else, or another import is at work in it.
    """
    require_folder(export_dir, "the exports")
    root = Path(dataset_dir).resolve()
    labels = _labels(recipe)
    _check_groups(shares, folds)
    key_folder = default_key_folder(root) if key is None else Path(key).resolve()
    before = _before(root, labels)
    settings = ImportSettings(
        root,
        labels,
        open_pseudonyms(key_folder, root),
        None if aliases is None else read_aliases(aliases),
        read_review(review, exclude=exclude),
        fill_gaps,
        ignore_frame_of_reference,
    )
    count = count_processors() if workers is None else workers
    with _alone(key_folder), open_workers(count, scheduler) as executor:
        _sweep(root)
        write_cohort(root, before)
        archive = _scan(Path(export_dir), executor, progress)
        imported = _import_all(settings, archive, executor, progress or _no_progress)
        for case in settings.review.excluded:
            remove_case(root, case)
        write_patients(key_folder, {one.pseudonym: one.patient_id for one in imported})
        _write_problems(key_folder / PROBLEMS, archive, imported)
        cohort = _with_groups(replace(before, not_imported=_not_imported(before, imported)), root, shares, folds, seed)
        found = _finish(root, cohort, name, archive, imported)
        audit_data_set(
            root, review=review, workers=1, executor=executor, replace=True, findings=found, progress=progress
        )
    deliver(found, findings)
    return Path(dataset_dir)


def _labels(recipe: str | Path) -> dict[str, int]:
    """Structure -> label value: of unions the parts, too, which keep their voxels from the whole."""
    channels = recipe_channels(recipe_entry(recipe, "structures"))
    names = [name for channel in channels for name in (*channel.parts, channel.name)]
    return {name: value for value, name in enumerate(dict.fromkeys(names), start=1)}


def _check_groups(shares: Sequence[float], folds: int) -> None:
    if len(shares) != len(SPLITS) or min(shares) < 0 or shares[0] <= 0:
        raise ConfigError(f"shares are {list(shares)}; expected those of {', '.join(SPLITS)}, such as 0.7 0.15 0.15")
    if folds < 0 or folds == 1:
        raise ConfigError(f"folds is {folds}; expected 2 or more, or 0 for none")


def _before(root: Path, labels: Mapping[str, int]) -> Cohort:
    """What an earlier import left; a new beginning in an empty folder.

    Raises:
        OutputError: the folder holds something else, or a data set of other structures.
    """
    cohort = read_cohort(root)
    if cohort is None:
        if root.exists() and (not root.is_dir() or any(root.iterdir())):
            raise OutputError(f"{root}: holds something that no import made; choose another folder")
        return Cohort(dict(labels))
    if cohort.labels != labels:
        raise OutputError(
            f"{root}: its labels are {', '.join(cohort.labels)}, the recipe's are {', '.join(labels)}; "
            "choose another folder"
        )
    return cohort


@contextmanager
def _alone(key_folder: Path) -> Iterator[None]:
    """Hold the lock of a key folder; the system lets it go when the process ends, however it ends.

    Raises:
        OutputError: another import holds it.
    """
    path = key_folder / LOCK
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise OutputError(f"{path}: another import is at work in this data set; wait for it to end") from error
        yield


def _sweep(root: Path) -> None:
    """Remove what an import that was killed had half written."""
    for path in list(root.rglob(".*.partial*")):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _scan(export_dir: Path, executor: Executor | None, progress: Progress | None) -> Archive:
    from rtcontour.dicom.archive_scan import scan_archive

    return scan_archive(export_dir, executor=executor, progress=progress)


def _import_all(
    settings: ImportSettings, archive: Archive, executor: Executor | None, progress: Progress
) -> list[ImportedPatient]:
    """All patients, in the order of their pseudonyms."""
    done: list[ImportedPatient] = []
    count = len(archive.patients)
    for patient, imported in results_of(partial(import_patient, settings), archive.patients, executor):
        if imported is None:
            pseudonym = settings.pseudonyms.of_patient(patient.identity)
            remove_case(settings.dataset_dir, pseudonym)
            imported = ImportedPatient(pseudonym, patient.identity, reason=DIED, details=DIED)
        done.append(imported)
        progress(imported.pseudonym, len(done), count)
    return sorted(done, key=lambda one: one.pseudonym)


def _not_imported(before: Cohort, imported: Iterable[ImportedPatient]) -> dict[str, str]:
    """Pseudonym -> reason, those of earlier imports too whom this one did not see."""
    reasons = dict(before.not_imported)
    for one in imported:
        reasons.pop(one.pseudonym, None)
        if one.record is None:
            reasons[one.pseudonym] = one.reason
    return dict(sorted(reasons.items()))


def _with_groups(cohort: Cohort, root: Path, shares: Sequence[float], folds: int, seed: int) -> Cohort:
    """The cohort with splits and folds for all patients that have a case."""
    strata = {record["patient"]: _stratum(record) for record in read_records(root)}
    splits = deal_patients(strata, dict(zip(SPLITS, shares, strict=True)), seed=seed, before=cohort.splits)
    kept = {patient: fold for patient, fold in cohort.folds.items() if fold < folds}
    numbers = deal_patients(strata, dict.fromkeys(range(folds), 1.0), seed=seed + 1, before=kept) if folds else {}
    return replace(cohort, splits=splits, folds=numbers)


def _stratum(record: Mapping) -> tuple[str, ...]:
    source = record["source"]
    return record["cohort"], f"{source['manufacturer']} {source['model']}", source["sex"]


def _finish(
    root: Path, cohort: Cohort, name: str | None, archive: Archive, imported: Sequence[ImportedPatient]
) -> list[Finding]:
    """Write cohort.json and datalist.json; returns what was odd."""
    write_cohort(root, cohort)
    records = read_records(root)
    reasons = [f"{one.pseudonym}: {one.reason}" for one in imported if one.record is None]
    if not records:
        why = f"; the first: {reasons[0]}" if reasons else f" among {sum(archive.skipped.values())} files"
        raise DataSetError(f"{archive.folder}: no patient could be imported{why}; see problems.txt in the key folder")
    cases = tuple(
        case_of(record, root, cohort.splits[record["patient"]], cohort.folds.get(record["patient"]))
        for record in records
    )
    description = f"{len(cases)} patients imported from clinical structure sets; audit/ tells what is odd about them."
    write_datalist(root, DataSet(name or root.name, root, cohort.labels, cases, description), replace=True)
    found = [
        replace(finding, subject=f"{record['case']} {finding.subject}".strip())
        for record in records
        for finding in findings_of(record)
    ]
    for one in imported:
        if one.is_excluded:
            found.append(Finding("case-excluded", "left out by review", "note", one.pseudonym))
        elif one.record is None:
            found.append(Finding("patient-not-imported", one.reason, "error", one.pseudonym))
    return found


def _write_problems(path: Path, archive: Archive, imported: Iterable[ImportedPatient]) -> None:
    """What could not be read, with its real place, for whoever has the archive."""
    lines = [f"{one.patient_id} ({one.pseudonym}): {one.details}" for one in imported if one.details]
    lines += [problem.message for problem in archive.problems]
    with whole_file(path, replace=True) as partial:
        partial.touch(mode=0o600)
        partial.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _no_progress(what: str, done: int, count: int) -> None:
    pass
