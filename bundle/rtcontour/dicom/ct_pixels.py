"""The pixels of CT images as Hounsfield units, each slice straight into its place."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset
from pydicom.pixels import iter_pixels

from rtcontour.dicom.ct_headers import READING_THREADS
from rtcontour.dicom.ct_image import CtImage
from rtcontour.dicom.dicom_file import BROKEN_BYTES, integer_of, read_dicom, understood
from rtcontour.dicom.hounsfield import AIR_HU, to_hu
from rtcontour.errors import Finding, InputFileError

INT16 = np.iinfo(np.int16)
MOST_COMPRESSED = 5000  # times: more than an image of air alone is


@dataclass(frozen=True)
class SliceReport:
    """What was odd about the values of one slice.

    Attributes:
        rounded: whether it holds fractions of a Hounsfield unit.
        replaced: number of padding voxels that rescaling would have taken beyond int16.
    """

    rounded: bool
    replaced: int


def read_hu(images: Sequence[CtImage], subject: str) -> tuple[NDArray[np.int16], tuple[Finding, ...]]:
    """The Hounsfield units of images of one shape, (columns, rows, images) Fortran-ordered, and what was odd.

    Raises:
        InputFileError: a slice that cannot be read, has no rescale, or values that are no HU.
    """
    for image in images:
        if image.rescale is None:
            raise InputFileError(
                f"{image.path}: has no Rescale Slope and Intercept, so its values are no HU; export it again"
            )
    _check_plausible(images)
    hu = np.empty((*images[0].shape, len(images)), np.int16, order="F")
    if images[0].frame is not None and images[0].pixels_at is None:
        reports = list(_decode_frames(images, hu))
    else:
        with ThreadPoolExecutor(READING_THREADS) as pool:
            reports = list(pool.map(lambda n: _read_understood(images[n], hu[:, :, n].T), range(len(images))))
    return hu, _findings(reports, subject)


def _check_plausible(images: Sequence[CtImage]) -> None:
    """Refuse a header that announces far more voxels than its file can hold, before memory is taken for them."""
    columns, rows = images[0].shape
    for path in dict.fromkeys(image.path for image in images if image.pixels_at is None):
        if 2 * columns * rows > MOST_COMPRESSED * path.stat().st_size:
            raise InputFileError(
                f"{path}: announces {columns} x {rows} voxels a slice and holds {path.stat().st_size} bytes; "
                "export or copy the file again"
            )


def _read_understood(image: CtImage, hu: NDArray[np.int16]) -> SliceReport:
    with understood(image.path):
        return _read_slice(image, hu)


def _read_slice(image: CtImage, hu: NDArray[np.int16]) -> SliceReport:
    """Read one image into hu, (rows, columns) contiguous: the one place where an array is in pydicom's order."""
    if image.pixels_at is not None and sys.byteorder == "little":
        return _read_plain(image, image.pixels_at, hu)
    dataset = read_dicom(image.path)
    bits = integer_of(dataset, "BitsStored") or 16
    if _high_bit(dataset, bits) != bits - 1:
        raise InputFileError(f"{image.path}: its {bits} bits a pixel are not the lowest ones; export plain slices")
    try:
        stored = dataset.pixel_array
    except (RuntimeError, *BROKEN_BYTES) as error:
        raise _undecodable(dataset, image.path, error) from error
    return _convert(image, stored.astype(stored.dtype.newbyteorder("="), copy=False), hu)


def _read_plain(image: CtImage, begin: int, hu: NDArray[np.int16]) -> SliceReport:
    """Read 16-bit values where they are to stay, and rescale them there."""
    try:
        with image.path.open("rb", buffering=0) as file:
            file.seek(begin)
            read = file.readinto(hu.data.cast("B"))
    except OSError as error:
        raise InputFileError(
            f"{image.path}: cannot be read ({error.strerror}); check the path and its rights"
        ) from error
    if read != hu.nbytes:
        raise InputFileError(f"{image.path}: has broken or incomplete pixels; export or copy the file again")
    signed = integer_of(image.header, "PixelRepresentation") == 1
    stored = hu if signed else hu.view(np.uint16)
    bits = integer_of(image.header, "BitsStored") or 16
    above = 15 - _high_bit(image.header, bits)
    if 0 < bits < 16 and 0 <= above <= 16 - bits:  # unused bits may hold overlays, and need not repeat the sign
        stored <<= above
        stored >>= 16 - bits
    return _convert(image, stored, hu)


def _high_bit(header: Dataset, bits: int) -> int:
    high_bit = integer_of(header, "HighBit")
    return bits - 1 if high_bit is None else high_bit


def _convert(image: CtImage, stored: NDArray[np.generic], hu: NDArray[np.int16]) -> SliceReport:
    """Stored values to Hounsfield units; the two arrays may share their memory."""
    if stored.shape != hu.shape:
        raise InputFileError(
            f"{image.path}: pixels have shape {stored.shape}, expected {hu.shape} rows x columns; export plain slices"
        )
    assert image.rescale is not None
    slope, intercept = image.rescale
    if slope == 1 and intercept.is_integer() and stored.dtype.itemsize == 2 and stored.dtype.kind in "iu":
        lowest, highest = int(stored.min()) + intercept, int(stored.max()) + intercept
        if INT16.min <= lowest and highest <= INT16.max and abs(intercept) <= INT16.max:
            np.add(stored.view(np.int16), np.int16(intercept), out=hu)  # may overflow twice, which cancels out
            return SliceReport(False, 0)
    padding = _padding(image.header, stored)
    hu[...], rounded, replaced = to_hu(stored, slope, intercept, image.path, padding=padding)
    return SliceReport(rounded, replaced)


def _padding(header: Dataset, stored: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Which values are padding, where the header names such a value or a range of them.

    Source: DICOM PS3.3 C.7.5.1.1.2.
    """
    value = integer_of(header, "PixelPaddingValue")
    if value is None or stored.dtype.kind not in "iu":
        return None
    limit = integer_of(header, "PixelPaddingRangeLimit")
    first, last = (_as_stored(n, stored.dtype) for n in (value, value if limit is None else limit))
    inside: NDArray[np.bool_] = (stored >= min(first, last)) & (stored <= max(first, last))
    return inside


def _as_stored(value: int, dtype: np.dtype) -> int:
    """The value as the pixels' type holds its bits: some write -2000 as 63536."""
    return int(np.array(value & ((1 << 8 * dtype.itemsize) - 1), np.uint64).astype(dtype))


def _decode_frames(images: Sequence[CtImage], hu: NDArray[np.int16]) -> Iterator[SliceReport]:
    """The slices of a multi-frame file whose frames pydicom has to decode, in order of their numbers in the file."""
    places = {image.frame: n for n, image in enumerate(images)}
    path = images[0].path
    dataset = read_dicom(path)
    found = 0
    try:
        for number, stored in enumerate(iter_pixels(dataset), start=1):
            if number in places:
                n, found = places[number], found + 1
                yield _convert(images[n], stored, hu[:, :, n].T)
    except (RuntimeError, *BROKEN_BYTES) as error:
        raise _undecodable(dataset, path, error) from error
    if found < len(images):
        raise InputFileError(f"{path}: holds {found} of its {len(images)} frames; export or copy the file again")


def _undecodable(dataset: FileDataset, path: Path, error: Exception) -> InputFileError:
    if isinstance(error, RuntimeError):  # pydicom's word for "no decoder for this transfer syntax"
        return InputFileError(
            f"{path}: pixels are compressed ({dataset.file_meta.TransferSyntaxUID.name}) and could not be decoded; "
            "install rtcontour[compressed], or decompress the series (gdcmconv --raw)"
        )
    return InputFileError(f"{path}: has broken or incomplete pixels; export or copy the file again")


def _findings(reports: Sequence[SliceReport], subject: str) -> tuple[Finding, ...]:
    findings = []
    rounded = sum(report.rounded for report in reports)
    if rounded:
        findings.append(Finding("hu-rounded", f"{rounded} slices hold fractions of a Hounsfield unit", "note", subject))
    replaced = sum(report.replaced for report in reports)
    if replaced:
        message = f"{replaced} voxels are padding whose value is no HU; they are set to {AIR_HU}"
        findings.append(Finding("padding-as-air", message, "note", subject))
    return tuple(findings)
