"""Enhanced CT: many slices in one file, each described by an item of its functional groups."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from rtcontour.dicom.ct_image import CtImage, matrix_of, numbers, perpendicular, rescale_of, thickness_of
from rtcontour.dicom.dicom_file import integer_of, items_of, text, understood
from rtcontour.errors import InputFileError

LOCALIZER = "LOCALIZER"


def parse_frames(path: Path, header: Dataset, pixels_at: int | None) -> list[CtImage]:
    """The images of an enhanced CT file, one a frame, without localizers.

    Raises:
        InputFileError: a frame without its place, or another number of frames than the file announces.

    Source: DICOM PS3.3 A.38.1 and C.7.6.16.
    """
    with understood(path):
        shape = matrix_of(path, header)
        shared = items_of(header, "SharedFunctionalGroupsSequence") or [Dataset()]
        frames = items_of(header, "PerFrameFunctionalGroupsSequence")
        announced = integer_of(header, "NumberOfFrames") or 1
        if len(frames) != announced:
            raise InputFileError(f"{path}: describes {len(frames)} of its {announced} frames; export the CT again")
        return [
            _parse_frame(path, header, shape, [frame, shared[0]], number, _frame_at(pixels_at, shape, number))
            for number, frame in enumerate(frames, start=1)
            if not _is_localizer([frame, shared[0]])
        ]


def _frame_at(pixels_at: int | None, shape: tuple[int, int], number: int) -> int | None:
    return None if pixels_at is None else pixels_at + (number - 1) * 2 * shape[0] * shape[1]


def _parse_frame(
    path: Path, header: Dataset, shape: tuple[int, int], groups: list[Dataset], number: int, pixels_at: int | None
) -> CtImage:
    where = Path(f"{path} (frame {number})")
    measures = _group(groups, "PixelMeasuresSequence")
    between_rows, between_columns = numbers(where, measures, "PixelSpacing", 2)
    orientation = numbers(where, _group(groups, "PlaneOrientationSequence"), "ImageOrientationPatient", 6)
    return CtImage(
        path=path,
        uid=text(header, "SOPInstanceUID"),
        series_uid=text(header, "SeriesInstanceUID"),
        shape=shape,
        position_mm=numbers(where, _group(groups, "PlanePositionSequence"), "ImagePositionPatient", 3),
        axes=perpendicular(orientation.reshape(2, 3)),
        spacing_mm=np.array([between_columns, between_rows]),
        rescale=rescale_of(where, _group(groups, "PixelValueTransformationSequence")),
        thickness_mm=thickness_of(where, measures),
        header=header,
        pixels_at=pixels_at,
        frame=number,
    )


def _group(groups: list[Dataset], keyword: str) -> Dataset:
    """The macro of this frame, or that of all frames; empty where there is neither."""
    return next((items[0] for group in groups if (items := items_of(group, keyword))), Dataset())


def _is_localizer(groups: list[Dataset]) -> bool:
    return LOCALIZER in text(_group(groups, "CTImageFrameTypeSequence"), "FrameType").split("\\")
