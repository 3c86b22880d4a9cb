"""Samplers: which case each patch of an epoch is cut from, and where that is known already."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from ignite.engine import Engine, Events
from numpy.typing import NDArray
from torch.utils.data import Sampler

from rtcontour.errors import ConfigError
from rtcontour.training.patches.cycles import Cycles
from rtcontour.training.patches.false_positives import FalsePositives
from rtcontour.transforms.draw import Draw

# Which random numbers of a sampler are meant; beyond any patch number, so that none are those of a patch's transforms.
TRAINING, HELD_OUT = 2**64 - 1, 2**64 - 2


class EpochSampler(Sampler[Draw], ABC):
    """Draws for an epoch that it is told: as a handler of the engine it feeds, it learns which one begins.

    Args:
        mine: which of an epoch's patches, from 0, this process gives.
    """

    def __init__(self, mine: Sequence[int] | NDArray[np.int64]) -> None:
        self._mine = mine
        self._epoch: int | None = None

    def attach(self, engine: Engine) -> None:
        """Follow an engine. Ignite asks for an epoch's patches after the event that begins it, also when resumed."""
        engine.add_event_handler(Events.EPOCH_STARTED, lambda e: self.set_epoch(e.state.epoch))

    def set_epoch(self, epoch: int) -> None:
        """The epoch, from 1, whose patches are asked for next."""
        self._epoch = epoch

    def __len__(self) -> int:
        """Patches of an epoch in this process."""
        return len(self._mine)

    def __iter__(self) -> Iterator[Draw]:
        """The draws of the epoch.

        Raises:
            ConfigError: nobody said which epoch it is.
        """
        if self._epoch is None:
            raise ConfigError("the sampler was told no epoch; expected it among the engine's handlers: add it there")
        return self._draws(self._epoch)

    @abstractmethod
    def _draws(self, epoch: int) -> Iterator[Draw]:
        """The draws of an epoch, from 1."""


class PatchSampler(EpochSampler):
    """The patches of an epoch of training.

    Patch n of the whole training is drawn from (seed, n) alone, n = (epoch - 1) * patches + i. So neither workers nor
    processes nor a resumed run change what is drawn. With probability `mined_share` it is centred on a false positive:
    a case uniform among those that train and have any, a structure uniform among those of the case, a voxel uniform.
    Otherwise, and always while none are known, only the case is drawn, and the transform finds the centre.

    Joins the trainer's handlers, from which it learns the epoch.

    Args:
        data: items of `rtcontour.datasets.monai_items`, the data set's `training`; a draw's `case` is an index into it.
        cycles: say who trains in an epoch.
        patches: of an epoch, in all processes together.
        seed: 0 to 2**32 - 1.
        false_positives: what the last cycle got wrong.
        mined_share: 0 to 1.
        rarity: how much more often cases with rarely contoured structures are drawn: the weight of a case is the mean
            over its structures of (cases that train / those with the structure), to this power. 0 draws all alike.
        share: (rank, processes): of the patches of each update, this process gives one part in a row.
        update: patches of an update, in all processes together; needed with `share`.

    Raises:
        ConfigError: an impossible number, or an update that does not divide among the processes.

    Source:
        Sartor 2020: "10 % of samples" of a cycle from false positives. How they are drawn is our reading.
    """

    def __init__(
        self,
        data: Sequence[Mapping[str, Any]],
        cycles: Cycles,
        patches: int,
        *,
        seed: int,
        false_positives: FalsePositives | None = None,
        mined_share: float = 0.0,
        rarity: float = 0.0,
        share: tuple[int, int] | None = None,
        update: int | None = None,
    ) -> None:
        super().__init__(_part(patches, update, share))
        if isinstance(rarity, bool) or not rarity >= 0:
            raise ConfigError(f"rarity is {rarity!r}; expected 0, which draws all cases alike, or a positive power")
        if isinstance(mined_share, bool) or not 0 <= mined_share <= 1:
            raise ConfigError(f"mined_share is {mined_share!r}; expected 0 to 1")
        self.data = data
        self.cycles = cycles
        self.patches = patches
        self.seed = _checked(seed)
        self.false_positives = false_positives
        self.mined_share = mined_share
        self.rarity = rarity

    def _draws(self, epoch: int) -> Iterator[Draw]:
        first = (epoch - 1) * self.patches
        random = uniform((self.seed, TRAINING), first, self.patches)[self._mine]
        training = np.asarray(self.cycles.training(epoch))
        cases = training[_weighted(self._weights(training), random[:, 1])]
        finds = self._finds(training)
        mined = random[:, 0] < (self.mined_share if finds else 0.0)
        for i, case, is_mined, numbers in zip(
            np.asarray(self._mine).tolist(), cases.tolist(), mined, random, strict=True
        ):
            key = (self.seed, first + i)
            yield _mined_draw(finds, key, numbers) if is_mined else Draw(case, key)

    def _weights(self, training: NDArray[np.int64]) -> NDArray[np.float64]:
        """(training cases,) weights; a case without any contour has none where rarity counts, as it cannot teach."""
        known = np.array([self.data[case]["annotated"][1:] for case in training], bool).reshape(len(training), -1)
        rare = len(training) / np.maximum(known.sum(0), 1)
        return ((known * rare).sum(1) / np.maximum(known.sum(1), 1)) ** self.rarity

    def _finds(self, training: NDArray[np.int64]) -> list[tuple[int, list[NDArray[np.int16]]]]:
        """(index of the case, voxels of each structure that has any) of the cases that train and have any."""
        if self.false_positives is None:
            return []
        found = ((case, self.false_positives.of(str(self.data[case]["case"]))) for case in training.tolist())
        return [(case, [of_case[channel] for channel in sorted(of_case)]) for case, of_case in found if of_case]


class HeldOutSampler(EpochSampler):
    """Patches of the held-out cases, without augmentation and the same in every epoch of a cycle.

    All held-out cases get the same number of patches, or one more. Empty where nobody is held out.

    Joins the handlers of the evaluator that it feeds, from which it learns the epoch.

    Args:
        data: as in `PatchSampler`.
        cycles: say who is held out in an epoch.
        patches: of an epoch, in all processes together.
        seed: 0 to 2**32 - 1.
        share: (rank, processes): this process gives patches rank, rank + processes, ...

    Raises:
        ConfigError: an impossible seed, or fewer patches than processes.
    """

    def __init__(
        self,
        data: Sequence[Mapping[str, Any]],
        cycles: Cycles,
        patches: int,
        *,
        seed: int,
        share: tuple[int, int] | None = None,
    ) -> None:
        rank, processes = share or (0, 1)
        if patches < processes:
            raise ConfigError(
                f"{patches} held-out patches an epoch leave some of {processes} processes none; draw more"
            )
        super().__init__(range(patches if cycles.folds > 1 else 0)[rank::processes])
        self.data = data
        self.cycles = cycles
        self.patches = patches
        self.seed = _checked(seed)

    def _draws(self, epoch: int) -> Iterator[Draw]:
        cycle, held_out = self.cycles.cycle(epoch), self.cycles.held_out(epoch)
        first = cycle * self.patches
        order = np.argsort(uniform((self.seed, HELD_OUT), first, len(held_out))[:, 0])
        for i in self._mine:
            yield Draw(held_out[order[i % len(held_out)]], (self.seed, first + i), augment=False)


def uniform(key: tuple[int, int], first: int, count: int) -> NDArray[np.float64]:
    """(count, 4) random numbers from 0 to below 1; row r depends on key and first + r alone.

    Source:
        Philox 4x64 counts blocks of four words (Salmon 2011), so a row is a block and a jump costs nothing.
    """
    words = np.random.Philox(key=np.array(key, np.uint64), counter=first).random_raw(4 * count)
    return (words.reshape(count, 4) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _mined_draw(
    finds: Sequence[tuple[int, Sequence[NDArray[np.int16]]]], key: tuple[int, int], numbers: NDArray[np.float64]
) -> Draw:
    case, structures = finds[int(numbers[1] * len(finds))]
    voxels = structures[int(numbers[2] * len(structures))]
    i, j, k = voxels[int(numbers[3] * len(voxels))].tolist()
    return Draw(case, key, centre=(i, j, k))


def _weighted(weights: NDArray[np.float64], random: NDArray[np.float64]) -> NDArray[np.int64]:
    """An index for each random number, each index as often as its weight says."""
    heaped = np.cumsum(weights)
    below = np.minimum(random * heaped[-1], np.nextafter(heaped[-1], 0.0))  # rounded up, it would be beyond the last
    return np.searchsorted(heaped, below, side="right")


def _part(patches: int, update: int | None, share: tuple[int, int] | None) -> NDArray[np.int64]:
    """Which of an epoch's patches, from 0, this process gives."""
    numbers = np.arange(patches)
    rank, processes = share or (0, 1)
    if processes == 1:
        return numbers
    if update is None or patches % update or update % processes:
        raise ConfigError(
            f"{processes} processes cannot share {patches} patches an epoch in updates of {update}; expected an update "
            "(preset::batch * preset::accumulate) that divides by the number of processes: change the preset"
        )
    return numbers.reshape(-1, processes, update // processes)[:, rank].reshape(-1)


def _checked(seed: int) -> int:
    if type(seed) is not int or not 0 <= seed < 2**32:
        raise ConfigError(f"seed is {seed!r}; expected a whole number from 0 to 2**32 - 1")
    return seed
