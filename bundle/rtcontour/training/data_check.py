"""check_cases: every file of a data set looked at before a training, so that none stops it hours later."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import torch
from torch import Tensor

from rtcontour.datasets import DataSet, monai_items, read_grid, recipe_channels
from rtcontour.errors import Finding, GeometryError, RtContourError, summarize_findings
from rtcontour.processors import count_processors
from rtcontour.training.plan import unvalidated_structures
from rtcontour.training.progress import counted
from rtcontour.transforms import ReadCased, image_spacing_mm, voxel_ratios
from rtcontour.transforms.resample import resampled_size

SPLITS = ("training", "validation")
MOST_NAMED = 5  # broken cases in one line

Structures = Sequence[str | Mapping[str, Sequence[str]]]
SpacingMm = Sequence[float | None] | None


def check_cases(
    data: DataSet,
    structures: Structures,
    *,
    patch: Sequence[int] | None = None,
    spacing_mm: SpacingMm = None,
    read: Collection[str] = SPLITS,
    workers: int | None = None,
) -> list[Finding]:
    """Look at the files of all training and validation cases, and print a line a kind of what is odd.

    What leads to a sensible training is a finding: a scan smaller than the patch is padded without weight, a structure
    that no validation case has is trained and not measured. What cannot be read as it was meant is an error.

    Args:
        data: the data set.
        structures: the recipe's, as are the next two.
        patch: voxels (i, j, k); None looks at no sizes.
        spacing_mm: what the network works on.
        read: the splits whose voxels are read; of the others the headers only, where something else reads the voxels
            before the training.
        workers: threads; None for one a core, at most 8.

    Raises:
        RtContourError: that of the first case that is broken, with the names of others: an unreadable file, HU that
            are no numbers, a label value without a name, image and label on different grids.
    """
    names = [channel.name for channel in recipe_channels(structures)]
    items = [(split in read, item) for split in SPLITS for item in monai_items(data, split, structures)]

    def look(entry: tuple[bool, dict[str, Any]]) -> list[Finding] | RtContourError:
        whole, item = entry
        try:
            return check_case(item, names, patch, spacing_mm) if whole else check_headers(item, patch, spacing_mm)
        except RtContourError as error:
            return error

    with ThreadPoolExecutor(workers or min(8, count_processors())) as pool:  # unpacking frees the interpreter's lock
        found = list(counted("looking at the data set", pool.map(look, items), len(items)))
    cases = [item["case"] for _, item in items]
    broken = [(case, one) for case, one in zip(cases, found, strict=True) if isinstance(one, RtContourError)]
    if broken:
        raise _one_line(broken)
    findings = unvalidated_structures(data, recipe_channels(structures))
    findings += [finding for one in found if isinstance(one, list) for finding in one]
    for line in summarize_findings(findings):
        print(line, flush=True)
    return findings


def check_case(
    item: Mapping[str, Any],
    names: Sequence[str] = (),
    patch: Sequence[int] | None = None,
    spacing_mm: SpacingMm = None,
) -> list[Finding]:
    """What is odd about one case.

    Args:
        item: of `monai_items`, or what `ReadCased` made of one, which is then not read again.
        names: of channels 1, 2, ...; without them the channels have numbers.
        patch: voxels (i, j, k); None looks at no size.
        spacing_mm: what the network works on.

    Raises:
        RtContourError: as `ReadCased` does.
    """
    whole = cast(Mapping[Hashable, Any], item)
    if not isinstance(item["image"], Tensor):
        whole = ReadCased()(whole)
    image = whole["image"]
    findings = _smaller_than_patch(item["case"], image.shape[1:], image_spacing_mm(image), patch, spacing_mm)
    if "label" in whole:
        drawn = torch.as_tensor(whole["annotated"])
        there = torch.bincount(whole["label"].as_subclass(Tensor).flatten().int(), minlength=len(drawn)) > 0
        findings += annotated_without_voxel(item["case"], drawn.tolist(), there.tolist(), names)
    return findings


def annotated_without_voxel(
    case: str, drawn: Sequence[bool], there: Sequence[bool], names: Sequence[str] = ()
) -> list[Finding]:
    """A finding for each structure of a case that somebody contoured and that has no voxel.

    Args:
        case: its name.
        drawn: of each channel, background first, whether somebody contoured it.
        there: of each, whether it has a voxel.
        names: of channels 1, 2, ...; without them the channels have numbers.
    """
    findings = []
    for channel, (is_drawn, is_there) in enumerate(zip(drawn, there, strict=True)):
        if channel and is_drawn and not is_there:
            name = names[channel - 1] if names else f"channel {channel}"
            message = f"{name} is `annotated`, and the label map has no voxel of it: it is trained as absent"
            findings.append(Finding("annotated-without-voxel", message, subject=f"case {case}"))
    return findings


def check_headers(
    item: Mapping[str, Any], patch: Sequence[int] | None = None, spacing_mm: SpacingMm = None
) -> list[Finding]:
    """What the headers of a case alone tell.

    Raises:
        InputFileError: an unreadable header.
        GeometryError: image and label lie on different grids.
    """
    grid = read_grid(item["image"])
    if item.get("label") is not None and not read_grid(item["label"]).matches(grid):
        raise GeometryError(
            f"{item['label']}: lies on another grid than the image of case {item['case']}; resample it to the image"
        )
    return _smaller_than_patch(item["case"], grid.shape, grid.spacing_mm, patch, spacing_mm)


def _smaller_than_patch(
    case: str,
    shape: Sequence[int],
    own_mm: Sequence[float],
    patch: Sequence[int] | None,
    spacing_mm: SpacingMm,
) -> list[Finding]:
    ratios = voxel_ratios(own_mm, spacing_mm)
    size = list(resampled_size(shape, ratios))
    if patch is None or all(n >= wanted for n, wanted in zip(size, patch, strict=True)):
        return []
    message = f"has {size} voxels, the patch {list(patch)}: the rest of it is air without weight in the loss"
    return [Finding("case-smaller-than-patch", message, "note", f"case {case}")]


def _one_line(broken: Sequence[tuple[str, RtContourError]]) -> RtContourError:
    first = broken[0][1]
    others = [case for case, _ in broken[1:]]
    if not others:
        return first
    named = ", ".join(others[:MOST_NAMED]) + (", ..." if len(others) > MOST_NAMED else "")
    return type(first)(f"{first}; {len(others)} more cases are broken: {named}")
