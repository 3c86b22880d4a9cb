"""Read many damaged files within 1 GiB; run by test_fuzz.py as a program, so that a crash or a hang is seen as one.

    python fuzz.py structure_set|ct|enhanced_ct FIRST_SEED COUNT

Prints how many were read and refused; ends with the first damage that is neither.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
from mutate import mutate
from pydicom.dataset import Dataset
from pydicom.uid import EnhancedCTImageStorage

from conftest import ct_slice
from rtcontour import Grid, Mask, RtContourError, rasterize, read_ct_series, read_structure_set, write_structure_set
from rtcontour.dicom import check_frame_of_reference, read_ct_geometry, write_ct_series

GRID = Grid((9, 7, 3), (0.7, 1.3, 2.5), (-3.0, 2.0, 1.0))
LONGEST_SECONDS = 5
MOST_BYTES = 1 << 30


def main() -> None:
    kind, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    limit_memory()
    warnings.simplefilter("error", RuntimeWarning)
    with tempfile.TemporaryDirectory() as folder:
        original, read = KINDS[kind](Path(folder))
        outcomes = {"read": 0, "refused": 0}
        for seed in range(first, first + count):
            outcomes[outcome(read, mutate(original, seed), f"{kind} {seed}")] += 1
    print(outcomes["read"], outcomes["refused"])


def limit_memory() -> None:
    """At most 1 GiB more than what the libraries took to load."""
    status = Path("/proc/self/status").read_text().splitlines()
    loaded = int(next(line for line in status if line.startswith("VmData")).split()[1]) * 1024
    resource.setrlimit(resource.RLIMIT_DATA, (loaded + MOST_BYTES, loaded + MOST_BYTES))


def outcome(read: Callable[[bytes], None], damaged: bytes, what: str) -> str:
    begun = time.monotonic()
    try:
        read(damaged)
        found = "read"
    except RtContourError as error:
        assert "\n" not in str(error) and str(error), what
        found = "refused"
    except BaseException as error:
        raise SystemExit(f"{what}: {type(error).__name__}: {error}") from error
    assert time.monotonic() - begun < LONGEST_SECONDS, f"{what}: took {time.monotonic() - begun:.1f} s"
    return found


def structure_set(folder: Path) -> tuple[bytes, Callable[[bytes], None]]:
    """Two ROIs of noise, read and rasterised as `rtcontour masks` does."""
    write_ct_series(folder / "ct", np.zeros(GRID.shape, np.int16), GRID, seed=1)
    ct, chance = read_ct_geometry(folder / "ct"), np.random.default_rng(1)
    masks = {name: Mask.from_array(chance.random(GRID.shape) < 0.5, GRID) for name in ("Bladder", "PTV")}
    path = write_structure_set(folder / "rs.dcm", masks, ct, findings=[])

    def read(damaged: bytes) -> None:
        (folder / "damaged.dcm").write_bytes(damaged)
        structures = read_structure_set(folder / "damaged.dcm")
        for roi in structures.rois:
            rasterize(roi, GRID)
        check_frame_of_reference(structures, ct, ignore=True)

    return path.read_bytes(), read


def ct(folder: Path) -> tuple[bytes, Callable[[bytes], None]]:
    """The middle one of three slices."""
    series = write_ct_series(folder / "ct", np.zeros(GRID.shape, np.int16), GRID, seed=1)
    return series.paths[1].read_bytes(), _reader(folder / "ct", series.paths[1])


def enhanced_ct(folder: Path) -> tuple[bytes, Callable[[bytes], None]]:
    """Three frames in one file."""
    pixels = np.zeros((7, 9), np.int16)
    image = ct_slice(pixels, (0, 0, 0), SOPClassUID=EnhancedCTImageStorage, NumberOfFrames=3)
    image.PerFrameFunctionalGroupsSequence = [_frame(z) for z in range(3)]
    image.PixelData = pixels.tobytes() * 3
    encoded = BytesIO()
    pydicom.dcmwrite(encoded, image, enforce_file_format=True)
    (folder / "ct").mkdir()
    return encoded.getvalue(), _reader(folder / "ct", folder / "ct" / "all.dcm")


def _frame(z: int) -> Dataset:
    frame = Dataset()
    values = {
        "PlanePositionSequence": {"ImagePositionPatient": [0, 0, z]},
        "PlaneOrientationSequence": {"ImageOrientationPatient": [1, 0, 0, 0, 1, 0]},
        "PixelMeasuresSequence": {"PixelSpacing": [1, 1]},
        "PixelValueTransformationSequence": {"RescaleSlope": 1, "RescaleIntercept": 0},
    }
    for keyword, attributes in values.items():
        item = Dataset()
        for name, value in attributes.items():
            setattr(item, name, value)
        setattr(frame, keyword, [item])
    return frame


def _reader(folder: Path, path: Path) -> Callable[[bytes], None]:
    def read(damaged: bytes) -> None:
        path.write_bytes(damaged)
        read_ct_series(folder)

    return read


KINDS = {"structure_set": structure_set, "ct": ct, "enhanced_ct": enhanced_ct}

if __name__ == "__main__":
    main()
