"""The same files read by other programs, where they are installed: plastimatch, shapely, SimpleITK, rt-utils.

None of them is needed. One that is missing has its line in the table all the same.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtcontour.conformance.cases import Case
from rtcontour.conformance.measure import Imported, dice
from rtcontour.conformance.trip import CT_FOLDER, STRUCTURE_SET, Trip
from rtcontour.contours import slices_of
from rtcontour.datasets import read_labels
from rtcontour.grid import Grid

LARGE_CC = 1.0  # a structure of fewer voxels cannot be judged by its Dice: one voxel is too much of it
LONGEST_SECONDS = 120
Voxels = Mapping[str, NDArray[np.bool_]]


@dataclass(frozen=True)
class CrossRead:
    """What another program made of one case; a row of the table.

    Attributes:
        reader: the program.
        version: "" where it is not installed.
        case: "" where it is not installed.
        structures: how many of them were compared with this package's masks.
        lowest_dice: of the structures over LARGE_CC; None where nothing was read.
        differing_voxels: in all structures together.
        judged: whether the program decides exactly enough to be a criterion.
        remark: why there are no numbers, or how to take them.
    """

    reader: str
    version: str
    case: str
    structures: int
    lowest_dice: float | None
    differing_voxels: int | None
    judged: bool
    remark: str


@dataclass(frozen=True)
class Reader:
    """How to use another program.

    Attributes:
        version: gives its version, or None where it is not installed.
        read: from a case, its folder and what this package read, to (theirs, ours) by name.
    """

    name: str
    version: Callable[[], str | None]
    read: Callable[[Case, Path, Trip], tuple[Voxels, Voxels]]
    judged: bool
    remark: str


def cross_read(case: Case, folder: Path, trip: Trip) -> Iterator[CrossRead]:
    """What every installed program makes of a case that was written to `folder`."""
    for reader in READERS:
        found = reader.version()
        if found is None:
            continue
        try:
            theirs, ours = reader.read(case, folder, trip)
        # Whatever a foreign program stumbles over is told in the table; it must not end the suite.
        except Exception as error:
            said = f"could not read it: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
            yield CrossRead(reader.name, found, case.name, 0, None, None, False, said[:200])
            continue
        yield _compare(reader, found, case, theirs, ours)


def missing_readers() -> list[CrossRead]:
    """A row for every program that is not installed."""
    absent = [reader for reader in READERS if reader.version() is None]
    return [CrossRead(one.name, "", "", 0, None, None, False, "not installed") for one in absent]


def _compare(reader: Reader, found: str, case: Case, theirs: Voxels, ours: Voxels) -> CrossRead:
    voxel_cc = case.grid.voxel_volume_cc
    large = [name for name, mask in ours.items() if np.count_nonzero(mask) * voxel_cc > LARGE_CC]
    return CrossRead(
        reader=reader.name,
        version=found,
        case=case.name,
        structures=len(ours),
        lowest_dice=min((dice(theirs[name], ours[name]) for name in large), default=None),
        differing_voxels=sum(int(np.count_nonzero(theirs[name] != mask)) for name, mask in ours.items()),
        judged=reader.judged,
        remark=reader.remark,
    )


def _masks(imported: Mapping[str, Imported]) -> Voxels:
    return {name: one.mask.full() for name, one in imported.items()}


def _by_plastimatch(case: Case, folder: Path, trip: Trip) -> tuple[Voxels, Voxels]:
    """Its command, told to combine the contours of a slice by even-odd."""
    theirs = {}
    with tempfile.TemporaryDirectory() as masks:
        source = ["--input", str(folder / STRUCTURE_SET), "--referenced-ct", str(folder / CT_FOLDER), "--xor-contours"]
        sink = ["--output-prefix", masks, "--prefix-format", "nii.gz"]
        command = ["plastimatch", "convert", *source, *sink]
        subprocess.run(command, check=True, capture_output=True, timeout=LONGEST_SECONDS)
        for name in trip.imported:
            voxels, grid = read_labels(Path(masks) / f"{name}.nii.gz")
            if not grid.matches(case.grid):
                raise ValueError(f"{name} lies on {grid}")
            theirs[name] = voxels > 0
    return theirs, _masks(trip.imported)


def _plastimatch_version() -> str | None:
    if shutil.which("plastimatch") is None:
        return None
    said = subprocess.run(["plastimatch", "--version"], capture_output=True, text=True, check=False).stdout
    number = re.search(r"\d[\w.]*", said)
    return number.group() if number else "unknown"


def _by_shapely(case: Case, folder: Path, trip: Trip) -> tuple[Voxels, Voxels]:
    """Its polygons, joined by symmetric difference, and its answer for every voxel centre in their bounds."""
    theirs = {name: _inside_by_shapely(one, case.grid) for name, one in trip.imported.items()}
    return theirs, _masks(trip.imported)


def _inside_by_shapely(imported: Imported, grid: Grid) -> NDArray[np.bool_]:
    import shapely

    areas: dict[int, shapely.Geometry] = {}
    for contour, k in zip(imported.contours, slices_of(imported.contours, grid).tolist(), strict=True):
        # A keyhole's channel, walked twice, makes a ring invalid; made valid it is a polygon with a hole.
        polygon = shapely.make_valid(shapely.Polygon(grid.to_index(contour.points_mm)[:, :2]))
        areas[k] = areas[k].symmetric_difference(polygon) if k in areas else polygon
    inside = np.zeros(grid.shape, np.bool_, order="F")
    for k, area in areas.items():
        lowest, highest = np.floor(area.bounds[:2]).astype(int), np.ceil(area.bounds[2:]).astype(int)
        i, j = np.ogrid[max(lowest[0], 0) : highest[0] + 1, max(lowest[1], 0) : highest[1] + 1]
        found = shapely.contains_xy(area, *np.broadcast_arrays(i, j))
        inside[i.min() : i.max() + 1, j.min() : j.max() + 1, k] = found[: grid.shape[0], : grid.shape[1]]
    return inside


def _by_simpleitk(case: Case, folder: Path, trip: Trip) -> tuple[Voxels, Voxels]:
    """Its reader of DICOM series: every HU, where its voxels lie where ours do."""
    import SimpleITK

    files = SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder / CT_FOLDER))
    image = SimpleITK.ReadImage(files)
    axes = np.reshape(image.GetDirection(), (3, 3)).T.tolist()
    grid = Grid(image.GetSize(), image.GetSpacing(), image.GetOrigin(), tuple(map(tuple, axes)))
    if not grid.matches(case.grid):
        raise ValueError(f"the CT lies on {grid}")
    same = np.equal(SimpleITK.GetArrayViewFromImage(image).T, case.hu)
    return {"CT": same}, {"CT": np.ones_like(same)}


def _by_rt_utils(case: Case, folder: Path, trip: Trip) -> tuple[Voxels, Voxels]:
    """Its masks, turned to (column, row)."""
    from rt_utils import RTStructBuilder

    opened = RTStructBuilder.create_from(str(folder / CT_FOLDER), str(folder / STRUCTURE_SET))
    theirs = {}
    for name in trip.imported:
        turned = opened.get_roi_mask_by_name(name).transpose(1, 0, 2)
        theirs[name] = np.zeros(case.grid.shape, np.bool_, order="F")
        # Its array swaps the numbers of columns and rows, so what a scan that is not square has more of is cut off.
        part = turned[: case.grid.shape[0], : case.grid.shape[1]]
        theirs[name][: part.shape[0], : part.shape[1]] = part
    return theirs, _masks(trip.imported)


def _package(name: str) -> Callable[[], str | None]:
    def installed() -> str | None:
        try:
            return version(name)
        except PackageNotFoundError:
            return None

    return installed


READERS = (
    Reader("plastimatch", _plastimatch_version, _by_plastimatch, True, "centres exactly on an edge may differ"),
    Reader("shapely", _package("shapely"), _by_shapely, True, "centres exactly on an edge are outside"),
    Reader(
        "SimpleITK", _package("SimpleITK"), _by_simpleitk, True, "HU and positions of the CT only; it reads no RTSTRUCT"
    ),
    Reader(
        "rt-utils",
        _package("rt-utils"),
        _by_rt_utils,
        False,
        "not judged: it rounds points to whole voxels, takes their border in, and needs axial slices",
    ),
)
