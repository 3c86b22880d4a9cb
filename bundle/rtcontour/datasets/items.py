"""A split of a data set as the list of dictionaries that MONAI's datasets and transforms take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rtcontour.datasets.channels import annotated_channels, label_values, recipe_channels
from rtcontour.datasets.data_set import DataSet
from rtcontour.errors import DataSetError


def monai_items(
    data_set: DataSet, split: str, structures: Iterable[str | Mapping[str, Sequence[str]]]
) -> list[dict[str, Any]]:
    """One dictionary a case, plain values only: strings and lists.

    Keys: "case", "patient" and "cohort"; "image" and, where there is one, "label": absolute paths; "annotated": one
    bool a channel, background first; "label_values": the channel of each label value (for `apply_label_values`).

    Raises:
        DataSetError: the split is empty, or has none of the recipe's structures.
        ConfigError: impossible `structures`.
    """
    channels = recipe_channels(structures)
    table = label_values(channels, data_set.labels).tolist()
    items = []
    for case in data_set.split(split):
        item: dict[str, Any] = {"case": case.case, "patient": case.patient, "cohort": case.cohort}
        item["image"] = str(case.image)
        if case.label:
            item["label"] = str(case.label)
        item["annotated"] = annotated_channels(channels, case.annotated, data_set.labels).tolist()
        item["label_values"] = table
        items.append(item)
    if not items:
        raise DataSetError(f"{data_set.folder}: the split {split!r} has no cases; choose another or add some")
    if not any(any(item["annotated"][1:]) for item in items):
        wanted, there = ", ".join(c.name for c in channels), ", ".join(data_set.labels)
        raise DataSetError(f"{data_set.folder}: nobody contoured {wanted} in {split!r}; the data set has {there}")
    return items
