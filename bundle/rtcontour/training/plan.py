"""What a run would do: its data looked at first, and told in a few lines."""

from __future__ import annotations

from collections.abc import Sequence

from rtcontour.datasets import Channel, DataSet, annotated_channels
from rtcontour.errors import DataSetError, Finding
from rtcontour.networks import build_network
from rtcontour.training.description import ModelDescription
from rtcontour.training.patches.cycles import Cycles
from rtcontour.training.settings import Batching


def count_annotated(data: DataSet, split: str, channels: Sequence[Channel]) -> dict[str, int]:
    """In how many cases of a split each channel was contoured."""
    rows = [annotated_channels(channels, case.annotated, data.labels)[1:] for case in data.split(split)]
    return {channel.name: sum(int(row[c]) for row in rows) for c, channel in enumerate(channels)}


def check_split(data: DataSet, split: str) -> None:
    """Refuse a split that is empty or cannot be scored, before any work.

    Raises:
        DataSetError: the data set has no case in it, or one without label map.
    """
    path = data.folder / "datalist.json"
    if not data.split(split):
        raise DataSetError(f"{path}: has no {split} case; add some to its {split!r} list")
    unknown = ", ".join(case.case for case in data.split(split) if case.label is None)
    if unknown:
        raise DataSetError(
            f"{path}: {split} cases {unknown} have no label map to score against; add it or leave them out"
        )


def check_data_set(data: DataSet, channels: Sequence[Channel]) -> None:
    """Refuse a data set that cannot train these structures, before any worker starts.

    Raises:
        DataSetError: no training or validation case, or a structure that no training case has contoured.
    """
    check_split(data, "training")
    check_split(data, "validation")
    never = [name for name, cases in count_annotated(data, "training", channels).items() if not cases]
    if never:
        raise DataSetError(
            f"{data.folder / 'datalist.json'}: no training case has {', '.join(never)} contoured "
            f"(it has {', '.join(data.labels)}); choose another recipe or add cases"
        )


def unvalidated_structures(data: DataSet, channels: Sequence[Channel]) -> list[Finding]:
    """A finding for each structure that no validation case has contoured."""
    counts = count_annotated(data, "validation", channels)
    message = "no validation case has it contoured: it is trained, but neither measured nor part of choosing the model"
    return [Finding("structure-not-validated", message, subject=name) for name, cases in counts.items() if not cases]


def print_plan(
    data: DataSet,
    channels: Sequence[Channel],
    description: ModelDescription,
    batching: Batching,
    cycles: Cycles,
    epochs: int,
) -> None:
    """Say what a training would do with this data set, recipe and preset."""
    network = build_network(description.network, description.arguments)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    print(f"data set {data.name!r} in {data.folder}")
    for split in ("training", "validation", "test"):
        counts = ", ".join(f"{name} {cases}" for name, cases in count_annotated(data, split, channels).items())
        print(f"  {split}: {len(data.split(split))} cases; contoured: {counts}")
    print(f"recipe {description.recipe}: {description.network} {description.arguments}, {parameters:,} parameters")
    voxels = "the scan's own" if description.spacing_mm is None else f"{description.spacing_mm} mm"
    print(f"  patch {description.patch} voxels ({voxels}), window {description.window_hu} HU")
    patches = "1 patch" if batching.update == 1 else f"{batching.update} patches"
    in_memory = f"{batching.micro_batch} of them in memory at a time"
    print(f"{epochs} epochs of {batching.iterations} updates of {patches}, {in_memory}")
    if cycles.epochs is not None:
        held_out = f"1 of {cycles.folds} folds of the patients held out" if cycles.folds > 1 else "nobody held out"
        mined = f"{100 * cycles.mined_share:g} % of the patches from false positives"
        print(f"  cycles of {cycles.epochs} epochs, in each {held_out} and, from the second on, {mined}")
    print("nothing was trained")
