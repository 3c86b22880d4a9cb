"""Scan a folder of exports of any layout: whose CT series and structure sets are where."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path

from rtcontour.dicom.archive import Archive, PatientFound, Problem
from rtcontour.dicom.archive_files import FileHeader, Unreadable, read_files
from rtcontour.dicom.archive_patients import group_by_patient
from rtcontour.dicom.archive_slices import SliceHeader
from rtcontour.dicom.archive_stacks import digest_of, stack_slices_found
from rtcontour.dicom.archive_structure_set import StructureSetHeader
from rtcontour.errors import Finding
from rtcontour.files import require_folder
from rtcontour.processes import interrupts_held_back

FILES_A_CHUNK = 512  # enough that handing a chunk to another process costs little beside reading it
COPY = "RTSTRUCT copy"  # among the files skipped
Progress = Callable[[str, int, int], None]


def scan_archive(folder: str | Path, *, executor: Executor | None = None, progress: Progress | None = None) -> Archive:
    """Group all CT series and structure sets below a folder by patient, from headers alone.

    Layout, names and extensions mean nothing. Links are followed, and no folder is entered twice. What cannot be read
    is a problem and ends nothing. The result is the same in whatever order a file system lists its files, and for any
    executor.

    Args:
        folder: walked recursively.
        executor: reads chunks of files in its workers, which must see the files under the same paths; a
            ProcessPoolExecutor, or the one of a dask client. None reads them here.
        progress: called after each chunk with what was done, the number of files read and of all.

    Raises:
        InputFileError: no such folder.
    """
    folder = Path(folder)
    require_folder(folder, "the exports")
    unreadable: list[Problem] = []
    paths = list(_files_below(folder, unreadable))
    slices, structure_sets, skipped = _sort_out(_read_all(paths, executor, progress), unreadable)
    patients = group_by_patient(stack_slices_found(slices), structure_sets)
    problems = _with_patients(unreadable, patients)
    return Archive(folder, tuple(_with_unreadable(patients, problems)), tuple(problems), skipped)


def _sort_out(
    headers: Iterable[FileHeader], problems: list[Problem]
) -> tuple[list[SliceHeader], list[StructureSetHeader], dict[str, int]]:
    """CT slices, structure sets without copies, and how many files are of each other kind; fills `problems`."""
    slices: list[SliceHeader] = []
    structure_sets: list[StructureSetHeader] = []
    skipped: Counter[str] = Counter()
    for header in headers:
        if isinstance(header, SliceHeader):
            slices.append(header)
        elif isinstance(header, StructureSetHeader):
            structure_sets.append(header)
        elif isinstance(header, Unreadable):
            problems.append(Problem(Path(header.path), _printable(header.message), header.patient_id))
        else:
            skipped[header] += 1
    kept = _once(structure_sets)
    skipped[COPY] += len(structure_sets) - len(kept)
    return slices, kept, {kind: count for kind, count in sorted(skipped.items()) if count}


def _files_below(folder: Path, problems: list[Problem]) -> Iterator[str]:
    """All files below a folder, ordered by their names; a folder that links lead to again is left out."""
    entered: set[tuple[int, int]] = set()
    waiting = [str(folder)]
    while waiting:
        place = waiting.pop()
        try:
            status = Path(place).stat()
            if (status.st_dev, status.st_ino) in entered:
                continue
            entered.add((status.st_dev, status.st_ino))
            with os.scandir(place) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            message = f"{place}: cannot be opened ({error.strerror}); check the path and its rights"
            problems.append(Problem(Path(place), _printable(message)))
            continue
        waiting += [entry.path for entry in reversed(entries) if _is_folder(entry)]
        yield from (entry.path for entry in entries if _is_file(entry))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Whether to open it: a file, or a link that leads nowhere and is to be reported; not a pipe or a device."""
    try:
        return entry.is_file() or (entry.is_symlink() and not Path(entry.path).exists())
    except OSError:
        return True


def _read_all(paths: Sequence[str], executor: Executor | None, progress: Progress | None) -> Iterator[FileHeader]:
    chunks = [paths[start : start + FILES_A_CHUNK] for start in range(0, len(paths), FILES_A_CHUNK)]
    done = 0
    for headers in _in_order(chunks, executor):
        yield from headers
        done += len(headers)
        if progress:
            progress("headers", done, len(paths))


def _in_order(chunks: Sequence[Sequence[str]], executor: Executor | None) -> Iterable[list[FileHeader]]:
    if executor is None:
        return map(read_files, chunks)
    with interrupts_held_back():
        futures = [executor.submit(read_files, chunk) for chunk in chunks]  # starts the processes
    return (future.result() for future in futures)


def _once(headers: list[StructureSetHeader]) -> list[StructureSetHeader]:
    """Each structure set once: files of the same UID, size and content are copies, and the first path is kept."""
    same: dict[tuple[str, int], list[StructureSetHeader]] = {}
    for header in sorted(headers, key=lambda header: header.found.path.as_posix()):
        same.setdefault((header.found.sop_instance_uid, header.size), []).append(header)
    kept: list[StructureSetHeader] = []
    for some in same.values():
        different = {digest_of(one.found.path): one for one in reversed(some)} if len(some) > 1 else {b"": some[0]}
        kept += different.values()
    return kept


def _with_patients(problems: list[Problem], patients: Sequence[PatientFound]) -> list[Problem]:
    """Problems with the patient they belong to: the one of their header, else the only one with files beside them."""
    ids = {patient.patient_id for patient in patients}
    beside: dict[Path, set[str]] = {}
    for patient in patients:
        for path in _paths_of(patient):
            beside.setdefault(path.parent, set()).add(patient.patient_id)
    found = []
    for problem in problems:
        near = beside.get(problem.path.parent, set())
        by_folder = next(iter(near)) if len(near) == 1 else ""
        found.append(replace(problem, patient_id=problem.patient_id if problem.patient_id in ids else by_folder))
    return sorted(found, key=lambda problem: problem.path.as_posix())


def _with_unreadable(patients: Iterable[PatientFound], problems: Iterable[Problem]) -> Iterator[PatientFound]:
    counts = Counter(problem.patient_id for problem in problems)
    for patient in patients:
        count = counts[patient.patient_id] if patient.patient_id else 0
        if count:
            message = f"files of this patient, slices or structure sets, that cannot be read: {count}"
            finding = Finding("file-unreadable", message)
            patient = replace(patient, findings=(*patient.findings, finding))
        yield patient


def _paths_of(patient: PatientFound) -> Iterator[Path]:
    for ct in patient.ct:
        yield from ct.paths
    for structure_set in patient.structure_sets:
        yield structure_set.path


def _printable(message: str) -> str:
    """A message about a file whose name is no text in this system's encoding."""
    return message.encode("utf-8", "backslashreplace").decode()
