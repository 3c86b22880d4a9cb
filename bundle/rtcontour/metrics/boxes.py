"""Where the structures of a volume are: the tight boxes of all labels from one look at every voxel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtcontour.mask import tight_box

Box = tuple[slice, slice, slice]
Volume = NDArray[Any]  # of integers or bools

BITS = 64  # labels looked for at once, one a bit of a word
MOST_CANDIDATES = 256  # so few labels are all looked for, instead of first finding out which there are
LARGEST_LISTED = 0xFFFF  # larger labels are legal and rare: each costs a look of its own


def label_boxes(labels: Volume, values: Iterable[int] | None = None) -> dict[int, Box]:
    """The smallest box around every voxel of each label value.

    Args:
        labels: (i, j, k), any memory order, integers, or bools, whose True is 1.
        values: labels to look for; they need not be there, nor fit the type. None for all that are there but 0.

    Returns:
        {value: box}; three empty slices at 0 for a value that no voxel has.
    """
    if values is None:
        return {value: box for value, box in label_boxes(labels, _candidates(labels)).items() if box[0].stop}
    wanted = sorted({int(value) for value in values})
    # Zero is mostly background and stands everywhere, so that looking at what is not zero would miss it.
    listed = [value for value in wanted if 0 < value <= min(LARGEST_LISTED, _largest(labels))]
    boxes = {value: tight_box(labels == value) for value in wanted if value not in listed}
    for first in range(0, len(listed), BITS):
        boxes |= _boxes_of(labels, listed[first : first + BITS])
    return boxes


def memory_order(array: NDArray[Any]) -> tuple[int, int, int]:
    """The axes of a 3D array from the one with the longest steps in memory to the one with the shortest."""
    slow, middle, fast = sorted(range(3), key=lambda axis: -abs(array.strides[axis]))
    return slow, middle, fast


def _candidates(labels: Volume) -> Iterable[int]:
    """Every value of the array but 0, and, where they are small, others that it does not have."""
    largest = int(labels.max(initial=0))
    if largest < MOST_CANDIDATES and labels.min(initial=0) >= 0:
        return range(1, largest + 1)
    there = set().union(*(np.unique(plane).tolist() for plane in labels.transpose(memory_order(labels))))
    return there - {0}


def _largest(labels: Volume) -> int:
    return 1 if labels.dtype == np.bool_ else int(np.iinfo(labels.dtype).max)


def _boxes_of(labels: Volume, values: list[int]) -> dict[int, Box]:
    order = memory_order(labels)
    volume = labels.view(np.uint8) if labels.dtype == np.bool_ else labels
    seen = [np.zeros(n, np.uint64) for n in labels.shape]
    slow, middle, fast = (seen[axis] for axis in order)
    for plane, (rows, columns), bits in _planes_with_bits(volume.transpose(order), values):
        slow[plane] |= np.bitwise_or.reduce(along_rows := np.bitwise_or.reduce(bits, axis=1))
        middle[rows] |= along_rows
        fast[columns] |= np.bitwise_or.reduce(bits, axis=0)
    return {value: _box_of_bit(seen, bit) for bit, value in enumerate(values)}


def _planes_with_bits(
    volume: Volume, values: list[int]
) -> Iterator[tuple[int, tuple[slice, slice], NDArray[np.uint64]]]:
    """Every plane that is not background: where in it the labels are, and a word a voxel with the bit of its label."""
    bit_of = np.zeros(max(values) + 2, np.uint64)
    bit_of[values] = np.uint64(1) << np.arange(len(values), dtype=np.uint64)
    unsigned = np.dtype(f"u{volume.dtype.itemsize}")
    last = min(len(bit_of) - 1, int(np.iinfo(unsigned).max))
    if len(bit_of) > last + 1:  # the type holds no label beyond those listed
        bit_of = bit_of[: last + 1]
    for number, plane in enumerate(volume):
        rows = _extent(plane.max(axis=1) != 0) if plane.size else slice(0, 0)
        if rows.stop:
            columns = _extent(plane[rows].max(axis=0) != 0)
            # Read without a sign a negative label is large, and all that are too large share the last entry, no bit.
            found = np.minimum(plane[rows, columns].astype(unsigned, copy=False), unsigned.type(last))
            yield number, (rows, columns), bit_of[found]


def _extent(there: NDArray[np.bool_]) -> slice:
    where = np.flatnonzero(there)
    return slice(int(where[0]), int(where[-1]) + 1) if where.size else slice(0, 0)


def _box_of_bit(seen: list[NDArray[np.uint64]], bit: int) -> Box:
    i, j, k = (_extent((words >> np.uint64(bit) & np.uint64(1)) != 0) for words in seen)
    return i, j, k
