"""To and from rt-utils, for programs that work with its RTStruct (extra `rtcontour[rt-utils]`).

rt-utils traces and fills by rules of its own. Across this bridge go contours, not its masks, so nothing changes on the
way: what `from_rt_utils` gives is rasterised by our rule, and what `to_rt_utils` gives is saved as we trace it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydicom import dcmread, dcmwrite

from rtcontour.contours import Contour
from rtcontour.dicom.ct_series import CtGeometry
from rtcontour.dicom.dicom_file import quiet_pydicom, read_dicom, understood
from rtcontour.dicom.structure_set import StructureSet
from rtcontour.dicom.structure_set_read import parse_structure_set
from rtcontour.dicom.structure_set_write import compose_structure_set
from rtcontour.errors import Finding, GeometryError, RtContourError, deliver
from rtcontour.mask import Mask

if TYPE_CHECKING:
    from rt_utils import RTStruct


@quiet_pydicom()
def to_rt_utils(
    masks: Mapping[str, Mask | Sequence[Contour]],
    ct: CtGeometry,
    *,
    label: str = "rtcontour",
    findings: list[Finding] | None = None,
) -> RTStruct:
    """An rt-utils structure set with our contours of these masks, to which rt-utils can add more and which it can save.

    Args:
        masks: as for `write_structure_set`.
        ct: the CT that was contoured, read from files that still lie where they did.
        label: Structure Set Label.
        findings: takes what was odd; logged where None.

    Raises:
        RtContourError: rt-utils is not installed.
        GeometryError: a mask is on another grid than the CT; or the CT is one that rt-utils cannot hold, with
            several slices in a file or with slices missing.
    """
    rt_struct = _rt_struct_class()
    if ct.frames or None in ct.image_uids:
        raise GeometryError("rt-utils needs a CT with one file for each slice, none missing; export the series as such")
    dataset, found = compose_structure_set(masks, ct, label=label)
    encoded = BytesIO()
    dcmwrite(encoded, dataset, implicit_vr=True, little_endian=True, enforce_file_format=True)
    encoded.seek(0)
    deliver(found, findings)
    return rt_struct([read_dicom(path, pixels=False) for path in ct.paths], dcmread(encoded))


@quiet_pydicom()
def from_rt_utils(rtstruct: RTStruct) -> StructureSet:
    """What an rt-utils structure set says, as if it had been saved and read.

    Raises:
        InputFileError: it has no ROIs, or what it holds cannot be understood.
    """
    encoded, name = BytesIO(), Path("rt-utils structure set")
    with understood(name):
        dcmwrite(encoded, rtstruct.ds, implicit_vr=True, little_endian=True, enforce_file_format=False)
        encoded.seek(0)
        return parse_structure_set(dcmread(encoded, force=True), name)


def _rt_struct_class() -> Any:
    try:
        from rt_utils import RTStruct
    except ImportError as error:
        raise RtContourError(f"rt-utils cannot be used ({error}); say: pip install 'rtcontour[rt-utils]'") from error
    return RTStruct
