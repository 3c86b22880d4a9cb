"""ExampleSlices: a few validation cases in TensorBoard, truth and prediction outlined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
from ignite.engine import Engine, Events
from monai.handlers import TensorBoardHandler
from monai.utils.enums import CommonKeys
from numpy.typing import NDArray
from torch import Tensor

TRUTH_RGB, PREDICTION_RGB = (86, 180, 233), (230, 159, 0)  # blue and orange, which nearly everybody tells apart


class ExampleSlices(TensorBoardHandler):
    """After each validation a picture of its first cases: for each structure the middle one of its slices.

    Args:
        log_dir: TensorBoard's folder.
        cases: how many.
    """

    def __init__(self, log_dir: str, cases: int = 2) -> None:
        super().__init__(log_dir=log_dir)
        self.cases = cases
        self._drawn = 0

    def attach(self, engine: Engine) -> None:
        """Follow an evaluator whose items have "image" in [-1, 1], label maps "label", "pred", "annotated", "case"."""
        engine.add_event_handler(Events.EPOCH_STARTED, self._begin)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self._flush)

    def _begin(self, engine: Engine) -> None:
        self._drawn = 0

    def __call__(self, engine: Engine) -> None:
        """Write the pictures of a batch, as long as some are wanted."""
        for item in cast(Sequence[Mapping[str, Any]], engine.state.output):
            if self._drawn < self.cases:
                self._drawn += 1
                picture = draw(*(_array(item[key]) for key in (CommonKeys.IMAGE, "label", "pred", "annotated")))
                if picture is not None:
                    self._writer.add_image(f"examples/{item['case']}", picture, engine.state.epoch, dataformats="HWC")

    def _flush(self, engine: Engine) -> None:
        self._writer.flush()


def draw(
    image: NDArray[Any], truth: NDArray[Any], predicted: NDArray[Any], annotated: NDArray[Any]
) -> NDArray[np.uint8] | None:
    """One slice a structure, side by side: (rows, columns, 3) uint8, rows along j; None where nothing was contoured.

    Args:
        image: (1, i, j, k) in [-1, 1].
        truth: (1, i, j, k) channels, outlined in blue.
        predicted: the same, outlined in orange over it.
        annotated: (1 + structures,) bool.
    """
    slices = []
    for channel in range(1, len(annotated)):
        held = np.flatnonzero((truth[0] == channel).any(axis=(0, 1)))
        if annotated[channel] and held.size:
            k = held[held.size // 2]
            grey = ((image[0, :, :, k].clip(-1, 1) + 1) * 127.5).astype(np.uint8)
            picture = np.repeat(grey[..., None], 3, axis=2)
            picture[outline(truth[0, :, :, k] == channel)] = TRUTH_RGB
            picture[outline(predicted[0, :, :, k] == channel)] = PREDICTION_RGB
            slices.append(picture.transpose(1, 0, 2))
    return np.concatenate(slices, axis=1) if slices else None


def outline(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pixels of a mask (i, j) with one of four neighbours outside; beyond the picture is outside."""
    padded = np.pad(mask, 1)
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return mask & ~inner


def _array(tensor: Tensor) -> NDArray[Any]:
    return np.asarray(tensor.detach().as_subclass(Tensor).cpu())
