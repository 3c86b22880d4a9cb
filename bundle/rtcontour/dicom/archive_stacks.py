"""From the slices of an archive to its CT series: copies kept once, and stacks within a series taken apart."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtcontour.dicom.archive import CtFound, Vector
from rtcontour.dicom.archive_slices import SeriesHeader, SliceHeader
from rtcontour.dicom.archive_values import Person
from rtcontour.dicom.ct_geometry import CLOSE_TOLERANCE
from rtcontour.grid import SAME_POSITION_TOLERANCE_MM


@dataclass(frozen=True)
class CtStack:
    """A CT series of an archive, or a part of one that can be a volume.

    Attributes:
        found: the record of it.
        person: whom its headers are about.
        spellings: the patient IDs as its files write them.
        copies: files left out because their image is in the archive twice.
        parts: into how many stacks its series was divided; 1 where it was not.
    """

    found: CtFound
    person: Person
    spellings: frozenset[str]
    copies: int
    parts: int


def stack_slices_found(slices: Iterable[SliceHeader]) -> list[CtStack]:
    """All CT series of an archive, ordered by their UIDs.

    The slices of a stack have one patient, study, series and frame of reference, one orientation, voxel size and number
    of voxels. Where positions repeat, slices of one acquisition, or frames of one file, make a stack if each position
    comes once in it; otherwise the series stays as it is, and its reader will refuse it.
    """
    stacks = []
    for series in _divide(slices, _series_of).values():
        parts = [part for alike in _alike(series) for part in _without_repeated_positions(*_once(alike))]
        stacks += [_stack(part, copies, len(parts)) for part, copies in parts]
    return sorted(stacks, key=lambda stack: (stack.found.series_uid, stack.found.image_uids, stack.found.paths))


def _divide(
    slices: Iterable[SliceHeader], key: Callable[[SliceHeader], Hashable]
) -> Mapping[Hashable, list[SliceHeader]]:
    groups: dict[Hashable, list[SliceHeader]] = {}
    for one in slices:
        groups.setdefault(key(one), []).append(one)
    return groups


def _series_of(one: SliceHeader) -> Hashable:
    """What names the series of a slice; where an anonymiser spoilt its UID, the folder is all that is left."""
    series = one.series
    folder = "" if series.series_uid else str(Path(one.path).parent)
    return series.person.known_id, series.study_uid, series.series_uid, series.frame_of_reference_uid, folder


def _alike(slices: list[SliceHeader]) -> list[list[SliceHeader]]:
    """The slices of one series by size and orientation; decimals of headers may differ in the last place."""
    kinds: list[tuple[SeriesHeader, list[SliceHeader]]] = []
    by_header = _divide(slices, lambda one: one.series)
    for some in sorted(by_header.values(), key=lambda some: (-len(some), min(one.path for one in some))):
        header = some[0].series
        alike = next((members for kind, members in kinds if _is_close(kind, header)), None)
        if alike is None:
            kinds.append((header, list(some)))
        else:
            alike += some
    return [members for _, members in kinds]


def _is_close(one: SeriesHeader, other: SeriesHeader) -> bool:
    return one.shape == other.shape and bool(
        np.abs(np.subtract(_geometry(one), _geometry(other))).max() <= CLOSE_TOLERANCE
    )


def _geometry(header: SeriesHeader) -> tuple[float, ...]:
    return (*header.row, *header.column, *header.spacing_mm)


def _once(slices: list[SliceHeader]) -> tuple[list[SliceHeader], int]:
    """Each image once, and how many copies there were; of copies the longest, since one may be cut short."""
    kept = []
    for same in _divide(slices, lambda one: (one.uid, one.positions_mm)).values():
        same.sort(key=lambda one: (-one.size, one.path))
        kept += same[:1] if same[0].uid else _different(same)
    return kept, len(slices) - len(kept)


def _different(slices: list[SliceHeader]) -> list[SliceHeader]:
    """Images that have no UID are copies if their files are."""
    if len(slices) == 1:
        return slices
    return [same[0] for same in _divide(slices, lambda one: (one.size, digest_of(one.path))).values()]


def digest_of(path: str | Path) -> bytes:
    """What tells the content of a file from another's; of its path where it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError:
        return str(path).encode()


def _without_repeated_positions(slices: list[SliceHeader], copies: int) -> list[tuple[list[SliceHeader], int]]:
    """The slices of one kind, divided if that makes positions differ; copies are counted with the first part."""
    divisions: list[Callable[[SliceHeader], Hashable]] = [lambda _: "", lambda one: one.series.acquisition]
    if any(len(one.positions_mm) > 1 for one in slices):
        divisions.append(lambda one: one.path)
    for division in divisions:
        parts = list(_divide(slices, division).values())
        if all(_positions_differ(part) for part in parts):
            return [(part, 0 if number else copies) for number, part in enumerate(parts)]
    return [(slices, copies)]


def _positions_differ(slices: list[SliceHeader]) -> bool:
    depths = np.sort(_positions(slices) @ np.cross(slices[0].series.row, slices[0].series.column))
    return bool(np.all(np.diff(depths) >= SAME_POSITION_TOLERANCE_MM))


def _positions(slices: list[SliceHeader]) -> NDArray[np.float64]:
    return np.array([position for one in slices for position in one.positions_mm])


def _stack(slices: list[SliceHeader], copies: int, parts: int) -> CtStack:
    header = slices[0].series
    axes = np.stack([header.row, header.column, np.cross(header.row, header.column)])
    slices = sorted(slices, key=lambda one: (min((np.array(one.positions_mm) @ axes[2]).tolist()), one.uid, one.path))
    corners = _positions(slices) @ axes.T
    reach = np.array([*((n - 1) * step for n, step in zip(header.shape, header.spacing_mm, strict=True)), 0.0])
    headers = list({one.series: None for one in slices})
    date, time = max(one.moment for one in slices)
    contrasts = {one.contrast for one in headers}
    found = CtFound(
        patient_id=min(one.person.patient_id for one in headers),
        study_uid=header.study_uid,
        series_uid=header.series_uid,
        frame_of_reference_uid=header.frame_of_reference_uid,
        paths=tuple(Path(one.path) for one in slices),
        image_uids=tuple(one.uid for one in slices),
        date=date,
        time=time,
        sex=max(one.person.sex for one in headers),
        manufacturer=header.manufacturer,
        model=header.model,
        contrast=True if True in contrasts else False if False in contrasts else None,
        burnt_in=any(one.burnt_in for one in headers),
        axes=(_vector(axes[0]), _vector(axes[1]), _vector(axes[2])),
        low_mm=_vector(corners.min(axis=0)),
        high_mm=_vector(corners.max(axis=0) + reach),
        depths_mm=tuple(np.sort(corners[:, 2]).tolist()),
    )
    person = Person(found.patient_id, found.sex, max(one.person.birth_date for one in headers))
    return CtStack(found, person, frozenset(one.person.patient_id for one in headers), copies, parts)


def _vector(values: NDArray[np.float64]) -> Vector:
    x, y, z = values.tolist()
    return x, y, z
