"""NIfTI in and out: HU and label maps on a Grid, voxels never reordered.

Writing makes the 348-byte NIfTI-1 header itself, since importing nibabel takes longer than writing a mask. Voxels are
compressed and inflated by ISA-L: gzip as ever, three to fifteen times faster than zlib.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from isal import igzip, isal_zlib
from numpy.typing import NDArray

from rtcontour.errors import Finding, GeometryError, InputFileError, deliver
from rtcontour.files import whole_file
from rtcontour.grid import Grid
from rtcontour.mask import Mask

if TYPE_CHECKING:
    import nibabel

NIFTI_SUFFIXES = (".nii.gz", ".nii")
GZIP_LEVEL = 2  # of ISA-L: files as small as zlib's at level 1, or smaller
UNREADABLE: tuple[Any, ...] = (OSError, EOFError, ValueError, isal_zlib.error, zlib.error)
DATA_TYPE_CODES = {"uint8": 2, "int16": 4, "uint16": 512}
HEADER_BYTES, DATA_OFFSET = 348, 352
UNITS_MM = 2
SCANNER_COORDINATES = 1


def nifti_files(folder: str | Path) -> list[Path]:
    """The NIfTI files of a folder by name, without hidden ones."""
    return sorted(
        file
        for file in Path(folder).iterdir()
        if file.name.endswith(NIFTI_SUFFIXES) and not file.name.startswith(".") and file.is_file()
    )


def stem_of(path: str | Path) -> str:
    """A file's name without its suffix, .nii.gz taken for one: it names a case, a structure or a method."""
    path = Path(path)
    suffix = next((suffix for suffix in NIFTI_SUFFIXES if path.name.endswith(suffix)), path.suffix)
    return path.name.removesuffix(suffix)


def read_grid(path: str | Path) -> Grid:
    """The grid of a NIfTI file, whose voxels are left alone.

    Raises:
        InputFileError: missing, broken or not 3D.
    """
    return _open(Path(path))[1]


def read_image(path: str | Path, *, findings: list[Finding] | None = None) -> tuple[NDArray[np.int16], Grid]:
    """A CT as int16 HU (i, j, k), Fortran-ordered, and its grid. Non-integer values are rounded, with a finding.

    Raises:
        InputFileError: missing, broken, not 3D, or with values that no int16 holds.
    """
    path = Path(path)
    image, grid = _open(path)
    values = _voxels(image, path)
    if values.dtype == np.int16:
        return np.asfortranarray(values), grid
    if not np.isfinite(values).all() or values.min() < -(2**15) or values.max() > 2**15 - 1:
        raise InputFileError(f"{path}: holds values that are no number or beyond int16; expected Hounsfield units")
    hu = np.rint(values).astype(np.int16, order="F")
    if not np.array_equal(hu, values):
        message = "values are not whole Hounsfield units and were rounded"
        deliver([Finding("hu-rounded", message, "note", str(path))], findings)
    return hu, grid


def read_labels(path: str | Path) -> tuple[NDArray[Any], Grid]:
    """A label map or mask (i, j, k), Fortran-ordered, as uint8 or, with labels above 255, uint16; and its grid.

    Raises:
        InputFileError: missing, broken, not 3D, or with values that are no labels.
    """
    path = Path(path)
    image, grid = _open(path)
    values = _voxels(image, path)
    if values.dtype in (np.uint8, np.uint16):
        return np.asfortranarray(values), grid
    highest = values.max()
    if not (values.min() >= 0 and highest < 2**16):
        raise InputFileError(f"{path}: holds values from {values.min()} to {highest}; labels are 0 to 65535")
    labels = values.astype(np.uint8 if highest < 2**8 else np.uint16, order="F")
    if not np.array_equal(labels, values):
        raise InputFileError(f"{path}: holds values that are no whole numbers; expected a label map")
    return labels, grid


def write_image(path: str | Path, hu: NDArray[np.int16], grid: Grid, *, replace: bool = False) -> Path:
    """Write int16 HU as NIfTI (compressed if `path` ends in .gz).

    Raises:
        GeometryError: the array is not int16, or has another shape than the grid.
        OutputError: `path` exists and `replace` is False, or cannot be written.
    """
    return _write(path, hu, grid, ("int16",), replace)


def write_labels(path: str | Path, labels: NDArray[Any], grid: Grid, *, replace: bool = False) -> Path:
    """Write a uint8 or uint16 label map as NIfTI (compressed if `path` ends in .gz).

    Raises:
        GeometryError: the array has another type, or another shape than the grid.
        OutputError: `path` exists and `replace` is False, or cannot be written.
    """
    return _write(path, labels, grid, ("uint8", "uint16"), replace)


def write_mask(path: str | Path, mask: Mask, *, replace: bool = False) -> Path:
    """Write a mask as uint8 NIfTI, 1 inside (compressed if `path` ends in .gz).

    Raises:
        OutputError: `path` exists and `replace` is False, or cannot be written.
    """
    return write_labels(path, mask.full().view(np.uint8), mask.grid, replace=replace)


def _open(path: Path) -> tuple[nibabel.Nifti1Image, Grid]:
    import nibabel

    if not path.is_file():
        raise InputFileError(f"{path}: is not there; expected a NIfTI file")
    try:
        path.open("rb").close()  # nibabel takes a file that may not be read for one of another kind
    except OSError as error:
        raise InputFileError(f"{path}: cannot be opened ({error.strerror}); check the path and its rights") from error
    try:
        image = nibabel.load(path, mmap=False)
    except (nibabel.filebasedimages.ImageFileError, *UNREADABLE) as error:
        raise InputFileError(f"{path}: is no readable NIfTI file ({error}); write or copy it again") from error
    if not isinstance(image, nibabel.Nifti1Image):
        raise InputFileError(f"{path}: is a {type(image).__name__}; expected NIfTI")
    if len(image.shape) != 3:
        raise InputFileError(f"{path}: has shape {image.shape}; expected three dimensions")
    if not _has_voxel_size(image):
        raise InputFileError(f"{path}: its header gives no voxel size; write it again with its spacing in mm")
    try:
        return image, Grid.from_affine_ras(image.affine, image.shape)
    except GeometryError as error:
        raise InputFileError(f"{path}: {error}; expected an affine without shear") from error


def _has_voxel_size(image: nibabel.Nifti1Image) -> bool:
    """False where nibabel would take 1 mm for a voxel size of 0 or none in the header, with a line in a log."""
    if image.header["sform_code"] > 0:  # then the affine has the voxel size
        return True
    with image.file_map["image"].get_prepare_fileobj("rb") as file:
        stored = type(image.header).from_fileobj(file, check=False)["pixdim"][1:4]
    return bool((np.abs(stored) > 0).all())  # not so for NaN


def _voxels(image: nibabel.Nifti1Image, path: Path) -> NDArray[Any]:
    try:
        if path.suffix.lower() != ".gz":
            return np.asanyarray(image.dataobj)
        with igzip.open(path) as file:
            return np.asanyarray(type(image).from_stream(file).dataobj)
    except UNREADABLE as error:
        raise InputFileError(f"{path}: breaks off or is damaged ({error}); write or copy it again") from error


def _write(path: str | Path, voxels: NDArray[Any], grid: Grid, types: tuple[str, ...], replace: bool) -> Path:
    path = Path(path)
    if voxels.dtype.name not in types or voxels.shape != grid.shape:
        raise GeometryError(
            f"{path}: array is {voxels.dtype} {voxels.shape}; expected {' or '.join(types)} of the grid's {grid.shape}"
        )
    little_endian = voxels.astype(voxels.dtype.newbyteorder("<"), order="F", copy=False)
    blocks = _header(voxels.dtype, grid), little_endian.T.data  # Fortran order is what NIfTI stores
    with whole_file(path, replace=replace) as partial, partial.open("wb") as file:
        if path.suffix != ".gz":
            file.writelines(blocks)
            return path
        gzip = isal_zlib.compressobj(GZIP_LEVEL, wbits=16 + isal_zlib.MAX_WBITS)
        for block in blocks:
            file.write(gzip.compress(block))
        file.write(gzip.flush())
    return path


def _header(dtype: np.dtype[Any], grid: Grid) -> bytes:
    """The NIfTI-1 header of a single file and its four bytes of "no extension".

    Source:
        nifti1.h of the NIfTI Data Format Working Group: byte offsets, qform and sform.
    """
    affine = grid.affine_ras
    handedness, quaternion = _quaternion(affine[:3, :3] / np.asarray(grid.spacing_mm))
    header = bytearray(DATA_OFFSET)
    for form, offset, values in (
        ("<i", 0, (HEADER_BYTES,)),
        ("<8h", 40, (3, *grid.shape, 1, 1, 1, 1)),
        ("<2h", 70, (DATA_TYPE_CODES[dtype.name], 8 * dtype.itemsize)),
        ("<4f", 76, (handedness, *grid.spacing_mm)),
        ("<3f", 108, (DATA_OFFSET, 1.0, 0.0)),  # then slope and intercept
        ("<B", 123, (UNITS_MM,)),
        ("<2h", 252, (SCANNER_COORDINATES, SCANNER_COORDINATES)),
        ("<6f", 256, (*quaternion[1:], *affine[:3, 3])),
        ("<12f", 280, affine[:3].ravel()),
        ("<4s", 344, (b"n+1\0",)),
    ):
        struct.pack_into(form, header, offset, *values)
    return bytes(header)


def _quaternion(axes: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """Handedness (1 or -1) of a matrix of unit vectors, and (a, b, c, d) of its rotation with a >= 0.

    Source:
        Bar-Itzhack 2000: the quaternion is the eigenvector of the largest eigenvalue, also for half turns.
    """
    handedness = 1.0 if np.linalg.det(axes) > 0 else -1.0
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = axes * (1.0, 1.0, handedness)
    symmetric = np.array(
        [
            [xx + yy + zz, zy - yz, xz - zx, yx - xy],
            [zy - yz, xx - yy - zz, xy + yx, xz + zx],
            [xz - zx, xy + yx, yy - xx - zz, yz + zy],
            [yx - xy, xz + zx, yz + zy, zz - xx - yy],
        ]
    )
    quaternion = np.linalg.eigh(symmetric).eigenvectors[:, -1]
    return handedness, quaternion if quaternion[0] >= 0 else -quaternion
