"""Contour and image items of a structure set as bytes, in bulk.

A structure set repeats the same few elements thousands of times. In Implicit VR Little Endian, which we write, the
items of a sequence are bytes without a VR, so they can be put together as text and handed to pydicom as one value.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

import numpy as np
from pydicom.dataelem import DataElement
from pydicom.tag import Tag
from pydicom.uid import CTImageStorage, EnhancedCTImageStorage

from rtcontour.contours import Contour, slices_of
from rtcontour.dicom.coordinates import decimal_strings
from rtcontour.dicom.ct_series import CtGeometry

ITEM = 0xFFFEE000
REFERENCED_SOP_CLASS = 0x00081150
REFERENCED_SOP_INSTANCE = 0x00081155
REFERENCED_FRAME_NUMBER = 0x00081160
CONTOUR_IMAGE_SEQUENCE = 0x30060016
CONTOUR_SEQUENCE = 0x30060040
CONTOUR_GEOMETRIC_TYPE = 0x30060042
NUMBER_OF_CONTOUR_POINTS = 0x30060046
CONTOUR_NUMBER = 0x30060048
CONTOUR_DATA = 0x30060050


def image_sequence(ct: CtGeometry, slices: Iterable[int]) -> DataElement:
    """Contour Image Sequence: a reference to the image of each of these slices; interpolated slices have none."""
    return _sequence(CONTOUR_IMAGE_SEQUENCE, [item for k in slices if (item := _image_item(ct, k))])


def contour_sequence(contours: Sequence[Contour], ct: CtGeometry) -> DataElement:
    """Contour Sequence: one item a contour, in order, coordinates to 0.01 mm.

    A contour refers to the image that it names, if that belongs to the CT, else to the one it lies on.

    Raises:
        OutputError: a coordinate too long for a decimal string, so no coordinate of a patient.

    Source: DICOM PS3.3 C.8.8.6.
    """
    lengths = [len(contour.points_mm) for contour in contours]
    texts = decimal_strings(np.concatenate([np.empty((0, 3)), *(contour.points_mm for contour in contours)]))
    images = _image_items_of(contours, ct)
    items, start = [], 0
    for number, (contour, length, image) in enumerate(zip(contours, lengths, images, strict=True), start=1):
        stop = start + 3 * length
        items.append(_contour_item(number, contour.kind, length, "\\".join(texts[start:stop]), image))
        start = stop
    return _sequence(CONTOUR_SEQUENCE, items)


def _contour_item(number: int, kind: str, points: int, data: str, image: bytes) -> bytes:
    return b"".join(
        (
            _element(CONTOUR_IMAGE_SEQUENCE, image) if image else b"",
            _element(CONTOUR_GEOMETRIC_TYPE, _text(kind)),
            _element(NUMBER_OF_CONTOUR_POINTS, _text(str(points))),
            _element(CONTOUR_NUMBER, _text(str(number))),
            _element(CONTOUR_DATA, _text(data)),
        )
    )


def _image_items_of(contours: Sequence[Contour], ct: CtGeometry) -> list[bytes]:
    """The whole reference item of each contour's image; b"" for a contour without one."""
    slice_of = {uid: k for k, uid in enumerate(ct.image_uids) if uid is not None} if not ct.frames else {}
    known: dict[int, bytes] = {}
    items = []
    for contour, here in zip(contours, slices_of(contours, ct.grid).tolist(), strict=True):
        k = slice_of.get(contour.image_uid or "", here)
        if k not in known:
            content = _image_item(ct, k)
            known[k] = _element(ITEM, content) if content else b""
        items.append(known[k])
    return items


def _image_item(ct: CtGeometry, k: int) -> bytes:
    """The content of a reference to the image of slice k; b"" where there is none."""
    uid = ct.image_uids[k] if k >= 0 else None
    if uid is None:
        return b""
    sop_class = EnhancedCTImageStorage if ct.frames else CTImageStorage
    content = _element(REFERENCED_SOP_CLASS, _uid(sop_class)) + _element(REFERENCED_SOP_INSTANCE, _uid(uid))
    if ct.frames:
        content += _element(REFERENCED_FRAME_NUMBER, _text(str(ct.frames[k])))
    return content


def _sequence(tag: int, contents: Iterable[bytes]) -> DataElement:
    """A sequence of items as one value; OB, so that pydicom passes the bytes on as they are."""
    return DataElement(Tag(tag), "OB", b"".join(_element(ITEM, content) for content in contents))


def _element(tag: int, value: bytes) -> bytes:
    return struct.pack("<HHL", tag >> 16, tag & 0xFFFF, len(value)) + value


def _text(value: str) -> bytes:
    return (value + " " * (len(value) % 2)).encode("ascii")


def _uid(value: str) -> bytes:
    return (value + "\0" * (len(value) % 2)).encode("ascii")
