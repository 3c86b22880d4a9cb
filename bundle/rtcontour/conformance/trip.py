"""One case through files and back: written, read, rasterised, and measured."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rtcontour.conformance.cases import SEED, Case
from rtcontour.conformance.measure import Imported, Measured, measure
from rtcontour.contours import rasterize
from rtcontour.dicom import CtGeometry, read_ct_geometry, read_structure_set, write_ct_series, write_structure_set
from rtcontour.errors import Finding, GeometryError

CT_FOLDER, STRUCTURE_SET = "ct", "rtstruct.dcm"


@dataclass(frozen=True, eq=False)
class Timing:
    """How long the structure set of one case took, in seconds; all its ROIs together."""

    case: str
    voxels: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    structures: int
    write_seconds: float
    read_seconds: float
    import_seconds: float


@dataclass(frozen=True, eq=False)
class Trip:
    """What came of one case: a row for each structure, the time, and the masks as they were read."""

    measured: tuple[Measured, ...]
    timing: Timing
    imported: Mapping[str, Imported]


def travel(case: Case, folder: Path) -> Trip:
    """Write a case to `folder`, read it again and measure every structure.

    Leaves `folder`/ct and `folder`/rtstruct.dcm, for other systems to read. The structure set holds the contours of the
    shapes themselves, and those of organs as this package traces them. What the writer does to the truth is measured on
    two more files, which are deleted.

    Raises:
        GeometryError: the CT that is read has other voxels than the one that was written.
    """
    write_ct_series(folder / CT_FOLDER, case.hu, case.grid, seed=SEED, description=f"Conformance {case.name}")
    ct = read_ct_geometry(folder / CT_FOLDER)
    if not ct.grid.matches(case.grid):
        raise GeometryError(f"{folder / CT_FOLDER}: is read as {ct.grid}; expected {case.grid}")
    truth = {name: structure.truth for name, structure in case.structures.items()}
    drawn = {name: structure.contours or structure.truth for name, structure in case.structures.items()}
    imported, write_seconds, read_seconds = _there_and_back(folder / STRUCTURE_SET, drawn, ct)
    written, *_ = _there_and_back(folder / "truth.dcm", truth, ct, keep=False)
    with_keyholes, *_ = _there_and_back(folder / "keyholes.dcm", truth, ct, keyhole=True, keep=False)
    measured = tuple(
        measure(case.name, name, structure, imported[name], written[name], with_keyholes[name])
        for name, structure in case.structures.items()
    )
    import_seconds = sum(one.seconds for one in imported.values())
    timing = Timing(
        case.name, case.grid.shape, case.grid.spacing_mm, len(truth), write_seconds, read_seconds, import_seconds
    )
    return Trip(measured, timing, imported)


def _there_and_back(
    path: Path, masks: Mapping, ct: CtGeometry, *, keyhole: bool = False, keep: bool = True
) -> tuple[dict[str, Imported], float, float]:
    """Write a structure set and read it: what came back by name, and the seconds of writing and reading."""
    findings: list[Finding] = []
    started = time.perf_counter()
    write_structure_set(path, masks, ct, label="Conformance", keyhole=keyhole, findings=findings)
    between = time.perf_counter()
    rois = read_structure_set(path).rois
    ended = time.perf_counter()
    if not keep:
        path.unlink()
    back = {}
    for name, roi in zip(masks, rois, strict=True):
        begun = time.perf_counter()
        mask = rasterize(roi, ct.grid)
        back[name] = Imported(roi.contours, mask, time.perf_counter() - begun)
    return back, between - started, ended - between
