"""Cycles: a training in rounds, in each of which other patients are held out."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from ignite.engine import Engine, Events

from rtcontour.errors import CheckpointError, ConfigError


class Cycles:
    """Which cases train and which are held out in an epoch, and a fresh start of the optimiser in every cycle.

    Patients are divided into folds, each with its part of every cohort. Cycle c (from 0) holds out fold c mod folds, so
    that everybody is held out once in `folds` cycles and trains in the others. As a handler of the trainer it puts the
    `restart` objects back into the state they have now, whenever a cycle but the first begins; the weights stay.

    Args:
        data: items of `rtcontour.datasets.monai_items`, the data set's `training`.
        epochs: of a cycle; None for a training in one piece that holds nobody out.
        folds: how many parts the patients are divided into; 1 holds nobody out.
        restart: optimiser, schedule or anything else with `state_dict` and `load_state_dict`; as new, so give them
            before a run is resumed.
        seed: of the division into folds.
        mined_share: how many of the patches are centred on a false positive of the cycle before.

    Raises:
        ConfigError: an impossible number or seed, fewer patients than folds, or a cycle in which nobody has contoured
            anything.

    Source:
        Sartor 2020: 80 % train and 20 % validate, others in each cycle, "so that all patients are trained on"; after 50
        epochs training restarts. That the learning rate and the optimiser's state restart too is our reading.
    """

    def __init__(
        self,
        data: Sequence[Mapping[str, Any]],
        epochs: int | None,
        folds: int,
        *,
        restart: Sequence[Any] = (),
        seed: int = 0,
        mined_share: float = 0.0,
    ) -> None:
        _expect(epochs is None or _is_count(epochs), "epochs", epochs, "a whole number from 1")
        _expect(_is_count(folds), "folds", folds, "a whole number from 1; 1 holds nobody out")
        is_share = isinstance(mined_share, int | float) and not isinstance(mined_share, bool)
        _expect(is_share and 0 <= mined_share <= 1, "mined_share", mined_share, "0 to 1")
        if type(seed) is not int or not 0 <= seed < 2**32:
            raise ConfigError(f"seed is {seed!r}; expected a whole number from 0 to 2**32 - 1")
        self.epochs = epochs
        self.folds = folds if epochs is not None else 1
        self.mined_share = float(mined_share)
        self._cases = [str(item["case"]) for item in data]
        self._annotated = [any(item["annotated"][1:]) for item in data]
        self._fold = divide(data, self.folds, seed)
        for fold in range(self.folds):
            self._check(fold)
        self._restart = [(thing, copy.deepcopy(thing.state_dict())) for thing in restart]

    @classmethod
    def of(
        cls,
        cycle: Mapping[str, Any] | None,
        data: Sequence[Mapping[str, Any]],
        *,
        restart: Sequence[Any] = (),
        seed: int = 0,
    ) -> Cycles:
        """As a recipe's `cycle` says: {"epochs", "folds", "mined_share"}, or null for a training in one piece.

        Raises:
            ConfigError: a key that is missing or unknown; and see `Cycles`.
        """
        if cycle is None:
            return cls(data, None, 1)
        keys = {"epochs", "folds", "mined_share"}
        known = isinstance(cycle, Mapping) and {key for key in cycle if key != "_desc_"} == keys
        if not known:
            raise ConfigError(
                f"recipe::cycle is {cycle!r}; expected epochs, folds and mined_share, or null for a training in one "
                "piece: mend the recipe"
            )
        shape = {key: cycle[key] for key in keys}
        return cls(data, restart=restart, seed=seed, **shape)

    def cycle(self, epoch: int) -> int:
        """The cycle, from 0, that an epoch, from 1, is in."""
        return 0 if self.epochs is None else (epoch - 1) // self.epochs

    def starts(self, epoch: int) -> bool:
        """True for the epoch with which a cycle begins."""
        return epoch == 1 if self.epochs is None else (epoch - 1) % self.epochs == 0

    def held_out(self, epoch: int) -> list[int]:
        """Indices of the cases that must not train in this epoch."""
        return self._in_fold(self.cycle(epoch) % self.folds) if self.folds > 1 else []

    def training(self, epoch: int) -> list[int]:
        """Indices of the cases that train in this epoch."""
        held_out = set(self.held_out(epoch))
        return [index for index in range(len(self._cases)) if index not in held_out]

    def attach(self, engine: Engine) -> None:
        """Follow a trainer."""
        engine.add_event_handler(Events.EPOCH_STARTED, self)

    def __call__(self, engine: Engine) -> None:
        """Put optimiser and schedule back if a cycle begins; goes by the epoch alone, as a resumed run needs it."""
        if engine.state.epoch > 1 and self.starts(engine.state.epoch):
            for thing, first in self._restart:
                thing.load_state_dict(copy.deepcopy(first))

    def state_dict(self) -> dict[str, Any]:
        """The fold of each case, for `SaveLast`."""
        return {"epochs": self.epochs, "folds": self.folds, "fold": dict(zip(self._cases, self._fold, strict=True))}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on with the division of an earlier run.

        Raises:
            CheckpointError: the run had other cycles, or holds out in turn and had other cases.
        """
        if (state["epochs"], state["folds"]) != (self.epochs, self.folds):
            raise CheckpointError(
                f"the run has cycles of {state['epochs']} epochs in {state['folds']} folds, this recipe wants "
                f"{self.epochs} in {self.folds}; resume with the recipe and the preset it was begun with"
            )
        if self.folds == 1:
            return
        changed = sorted(set(state["fold"]) ^ set(self._cases))
        if changed:
            raise CheckpointError(
                f"the data set's training cases are no longer those of the run ({len(changed)} differ, such as "
                f"{changed[0]}); restore the data set, or begin a new run from its weights"
            )
        self._fold = [int(state["fold"][case]) for case in self._cases]

    def _in_fold(self, fold: int) -> list[int]:
        return [index for index, of_case in enumerate(self._fold) if of_case == fold]

    def _check(self, fold: int) -> None:
        trains = [known for of_case, known in zip(self._fold, self._annotated, strict=True) if of_case != fold]
        if self.folds > 1 and not any(trains):
            raise ConfigError(
                f"recipe::cycle::folds is {self.folds}: all patients with contours are in one of them, and when it is "
                "held out nothing is left to learn; use fewer folds or add cases"
            )


def divide(data: Sequence[Mapping[str, Any]], folds: int, seed: int) -> list[int]:
    """The fold, from 0, of each item: all scans of a patient in one, every cohort spread evenly, drawn from the seed.

    Sizes, counted in patients, differ by at most one, within a cohort and in all. The order of the items does not
    matter. A patient in several cohorts counts for the first of them by name.

    Raises:
        ConfigError: fewer patients than folds.
    """
    cohort_of: dict[str, str] = {}
    for item in data:
        cohort_of[item["patient"]] = min(item["cohort"], cohort_of.get(item["patient"], item["cohort"]))
    if len(cohort_of) < folds:
        raise ConfigError(
            f"recipe::cycle::folds is {folds}, but `training` has {len(cohort_of)} patients; expected a patient or "
            "more in each fold: use fewer folds, or 1 to hold nobody out"
        )
    generator = np.random.default_rng(seed)
    dealt: list[str] = []  # on through all cohorts, so that the ends of small ones do not all land in the same folds
    for cohort in sorted(set(cohort_of.values())):
        patients = sorted(patient for patient, of_patient in cohort_of.items() if of_patient == cohort)
        dealt += [patients[n] for n in generator.permutation(len(patients))]
    fold_of = {patient: n % folds for n, patient in enumerate(dealt)}
    return [fold_of[item["patient"]] for item in data]


def _expect(holds: bool, key: str, found: Any, expected: str) -> None:
    if not holds:
        raise ConfigError(f"recipe::cycle::{key} is {found!r}; expected {expected}")


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 1
