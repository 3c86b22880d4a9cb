"""ReadCased: one case of a data set, its labels already in the recipe's channels."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import torch
from monai.transforms import Transform
from numpy.typing import NDArray

from rtcontour.datasets import apply_label_values, read_image, read_labels
from rtcontour.errors import DataSetError, GeometryError
from rtcontour.transforms.read_scan import image_tensor


class ReadCased(Transform):
    """Read "image" and, where the item has one, "label" of an item of `rtcontour.datasets.monai_items`.

    "image" becomes (1, i, j, k) int16 HU and "label" (1, i, j, k) uint8 channels of the recipe, by the item's
    "label_values" (value in the file -> channel); both carry the RAS affine. "annotated" becomes a bool tensor.

    Raises:
        GeometryError: image and label of a case lie on different grids.
        DataSetError: the label map holds a value without a name.
    """

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Item of plain values in, item of tensors out."""
        item = dict(data)
        hu, grid = read_image(item["image"])
        item["image"] = image_tensor(hu, grid, item["image"])
        if item.get("label") is not None:
            labels, label_grid = read_labels(item["label"])
            if not label_grid.matches(grid):
                raise GeometryError(
                    f"{item['label']}: lies on another grid ({label_grid.shape} of {label_grid.spacing_mm} mm) than "
                    f"the image of case {item['case']} ({grid.shape} of {grid.spacing_mm} mm); resample it to the image"
                )
            channels = self._channels(labels, item)
            item["label"] = image_tensor(channels, grid, item["label"])
        item["annotated"] = torch.as_tensor(item["annotated"], dtype=torch.bool)
        return item

    def _channels(self, labels: NDArray[Any], item: dict[Hashable, Any]) -> NDArray[np.uint8]:
        try:
            return apply_label_values(labels, np.asarray(item.pop("label_values"), np.uint8))
        except DataSetError as error:
            raise DataSetError(f"{item['label']}: {error}") from error
