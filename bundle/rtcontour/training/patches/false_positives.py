"""False positives: voxels wrongly labelled as a structure, found after a cycle, trained on in the next."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from ignite.engine import Engine, Events
from monai.engines import Evaluator
from numpy.typing import NDArray
from torch import Tensor

from rtcontour.training.patches.cycles import Cycles
from rtcontour.training.processes import gather

MOST_VOXELS = 10_000  # a class and case; more would only cost memory


class FalsePositives:
    """Voxels of the scans, by case and channel, that the network labelled as a structure and nobody else did.

    Only what is known to be wrong is in it: a voxel predicted as structure s, in a case in which s was contoured, whose
    truth is not s. Where nobody contoured s, its prediction may be right.

    Args:
        most: voxels kept of a case and channel, drawn at random from `seed`, case and channel.
        seed: of that draw.
    """

    def __init__(self, most: int = MOST_VOXELS, *, seed: int = 0) -> None:
        self.most = most
        self.seed = seed
        self._voxels: dict[str, dict[int, NDArray[np.int16]]] = {}

    def clear(self) -> None:
        """Forget everything."""
        self._voxels.clear()

    def add(self, case: str, predicted: Tensor, truth: Tensor, annotated: Tensor) -> None:
        """Find those of a case, in place of what was known of it.

        Args:
            case: its name.
            predicted: (1, i, j, k) label map of channels, as the network gave it, before any clean-up.
            truth: (1, i, j, k) label map of channels.
            annotated: (channels,) bool, background first; what it says of the background does not matter.
        """
        labels, known = (np.asarray(volume[0].to(torch.uint8).cpu()) for volume in (predicted, truth))
        wrong = labels != known
        found = {
            channel: self._sample(wrong & (labels == channel), case, channel)
            for channel in range(1, len(annotated))
            if annotated[channel]
        }
        self._voxels[case] = {channel: voxels for channel, voxels in found.items() if len(voxels)}

    def of(self, case: str) -> dict[int, NDArray[np.int16]]:
        """Channel -> voxels (n, 3), n at least 1; empty where nothing was found."""
        return self._voxels.get(case, {})

    def counts(self) -> dict[int, int]:
        """Channel -> voxels kept in all cases together."""
        counts: dict[int, int] = {}
        for of_case in self._voxels.values():
            for channel, voxels in of_case.items():
                counts[channel] = counts.get(channel, 0) + len(voxels)
        return dict(sorted(counts.items()))

    def gather(self) -> None:
        """Share the finds with all processes of the training, each of which looked at cases of its own."""
        parts = [_unpacked(state) for state in gather(self.state_dict())]
        self._voxels = {case: part[case] for part in parts for case in part}

    def state_dict(self) -> dict[str, Any]:
        """For `SaveLast`: names, numbers and one tensor."""
        entries = [
            (case, channel, voxels) for case, of_case in self._voxels.items() for channel, voxels in of_case.items()
        ]
        voxels = np.concatenate([np.empty((0, 3), np.int16), *(voxels for _, _, voxels in entries)])
        return {
            "cases": [case for case, _, _ in entries],
            "channels": [channel for _, channel, _ in entries],
            "counts": [len(voxels) for _, _, voxels in entries],
            "voxels": torch.from_numpy(voxels),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on with the finds of an earlier run."""
        self._voxels = _unpacked(state)

    def _sample(self, inside: NDArray[np.bool_], case: str, channel: int) -> NDArray[np.int16]:
        flat = np.flatnonzero(inside)
        if flat.size > self.most:
            generator = np.random.default_rng([self.seed, zlib.crc32(case.encode()), channel])
            flat = np.sort(generator.choice(flat, self.most, replace=False))
        # A NIfTI axis has at most 32,767 voxels.
        return np.stack(np.unravel_index(flat, inside.shape), axis=1).astype(np.int16)


class CollectFalsePositives:
    """Fill the store anew from an evaluator that contours whole cases.

    The evaluator's output is decollated items with "case", "pred" and "label" (1, i, j, k) label maps on the voxels of
    the scan, and "annotated".

    Args:
        store: what was in it before is forgotten.
    """

    def __init__(self, store: FalsePositives) -> None:
        self.store = store

    def attach(self, engine: Engine) -> None:
        """Follow an evaluator."""
        engine.add_event_handler(Events.STARTED, lambda _: self.store.clear())
        engine.add_event_handler(Events.ITERATION_COMPLETED, self)
        engine.add_event_handler(Events.COMPLETED, lambda _: self.store.gather())

    def __call__(self, engine: Engine) -> None:
        """Add the cases of an iteration; there are none where a process has no case to look at."""
        for item in cast(list[dict[str, Any]], engine.state.output):
            self.store.add(str(item["case"]), item["pred"], item["label"], item["annotated"])


class FalsePositivesLine:
    """One line after each search: how many voxels of each structure were kept.

    Args:
        store: filled by `CollectFalsePositives`, which the evaluator has before this.
        structures: names of channels 1, 2, ...
    """

    def __init__(self, store: FalsePositives, structures: Sequence[str]) -> None:
        self.store = store
        self.structures = tuple(structures)

    def attach(self, engine: Engine) -> None:
        """Follow an evaluator."""
        engine.add_event_handler(Events.COMPLETED, self)

    def __call__(self, engine: Engine) -> None:
        """Print to standard output."""
        counts = self.store.counts()
        parts = ", ".join(f"{name} {counts.get(channel, 0):,}" for channel, name in enumerate(self.structures, start=1))
        print(f"epoch {engine.state.epoch} false positives kept: {parts}", flush=True)


class MineFalsePositives:
    """Between two cycles run the evaluator that looks for false positives.

    It runs when the next cycle begins, before its patches are drawn. So nothing is looked for after the last one, and a
    run that is resumed between two cycles, even one that was to end there, finds what the weights get wrong now.

    Args:
        evaluator: has `CollectFalsePositives` among its handlers.
        cycles: of the training; where no patches are to be drawn from false positives, nobody looks for them.
    """

    def __init__(self, evaluator: Evaluator, cycles: Cycles) -> None:
        self.evaluator = evaluator
        self.cycles = cycles

    def attach(self, engine: Engine) -> None:
        """Follow a trainer."""
        engine.add_event_handler(Events.EPOCH_STARTED, self)

    def __call__(self, engine: Engine) -> None:
        """Run the evaluator, as of the epoch that ended a cycle, where the next cycle begins."""
        epoch = engine.state.epoch
        if self.cycles.mined_share > 0 and epoch > 1 and self.cycles.starts(epoch):
            self.evaluator.run(epoch - 1)


def _unpacked(state: Mapping[str, Any]) -> dict[str, dict[int, NDArray[np.int16]]]:
    voxels = np.split(state["voxels"].cpu().numpy(), np.cumsum(state["counts"])[:-1])
    found: dict[str, dict[int, NDArray[np.int16]]] = {}
    # Split nowhere, numpy gives one piece all the same, so an empty store has one more piece than entries.
    for case, channel, of_entry in zip(state["cases"], state["channels"], voxels, strict=False):
        found.setdefault(case, {})[int(channel)] = of_entry
    return found
