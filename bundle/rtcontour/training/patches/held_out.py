"""The loss of patients held out in a cycle: what says that a training has reached a plateau."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import torch
from ignite.engine import Engine, Events
from monai.engines import Evaluator, SupervisedEvaluator
from monai.engines.utils import IterationEvents
from monai.utils.enums import CommonKeys
from torch import Tensor
from torch.optim.lr_scheduler import ReduceLROnPlateau

from rtcontour.errors import ConfigError
from rtcontour.training.losses import NetworkLosses
from rtcontour.training.patches.cycles import Cycles


class HeldOutStep:
    """The loss of a batch of patches, as in training but for the weights, which stay: for an evaluator.

    Args:
        loss: called as loss(logits, target, annotated, weight=..., normalizer=...) -> scalar.
        cycles: of the training.
        dtype: what autocast computes in; None switches it off.
        prepare: makes of a batch on the evaluator's device what the network takes, where the loader leaves that to it.

    Raises:
        ConfigError: patients are held out for a network that judges itself, which it does in training only.
    """

    def __init__(
        self,
        loss: Callable[..., Tensor] | NetworkLosses,
        cycles: Cycles,
        dtype: torch.dtype | None = None,
        prepare: Callable[[dict[str, Any]], Mapping[str, Any]] | None = None,
    ) -> None:
        if isinstance(loss, NetworkLosses) and cycles.folds > 1:
            raise ConfigError(
                f"recipe::cycle::folds is {cycles.folds}, but recipe::loss is NetworkLosses, which are computed in "
                "training only; hold nobody out (folds 1)"
            )
        self.loss = cast(Callable[..., Tensor], loss)
        self.dtype = dtype
        self.prepare = prepare

    def __call__(self, engine: SupervisedEvaluator, batch: Mapping[str, Any]) -> dict[str, Any]:
        """The mean loss of the batch's patches under MONAI's key, and how many "patches" these are."""
        engine.network.eval()
        device = engine.state.device
        on_device = {key: value.to(device) if isinstance(value, Tensor) else value for key, value in batch.items()}
        ready = on_device if self.prepare is None else self.prepare(on_device)
        label = ready[CommonKeys.LABEL]
        with torch.no_grad():
            with torch.autocast(device.type, self.dtype, enabled=self.dtype is not None):
                logits = engine.inferer(ready[CommonKeys.IMAGE], engine.network)
            voxels = float(label.numel())
            loss = self.loss(logits, label, ready["annotated"], weight=ready["weight"], normalizer=voxels)
        engine.state.output = {CommonKeys.LOSS: float(loss), "patches": len(label)}
        engine.fire_event(IterationEvents.FORWARD_COMPLETED)
        engine.fire_event(IterationEvents.MODEL_COMPLETED)
        return engine.state.output


class ScoreHeldOut:
    """After each epoch run the evaluator on patches of the patients held out in it, if there are any.

    Stands before MONAI's LrScheduleHandler among the trainer's handlers.

    Args:
        evaluator: fed by `HeldOutSampler`.
        cycles: of the training.
    """

    def __init__(self, evaluator: Evaluator, cycles: Cycles) -> None:
        self.evaluator = evaluator
        self.cycles = cycles

    def attach(self, engine: Engine) -> None:
        """Follow a trainer."""
        engine.add_event_handler(Events.EPOCH_COMPLETED, self)

    def __call__(self, engine: Engine) -> None:
        """Run the evaluator."""
        if self.cycles.held_out(engine.state.epoch):
            self.evaluator.run(engine.state.epoch)


class HeldOutLine:
    """One line after each look at the held-out patients: their loss, and the learning rate of the epoch.

    Args:
        optimizer: of the training.
    """

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self.optimizer = optimizer

    def attach(self, engine: Engine) -> None:
        """Follow an evaluator whose metrics have "loss"."""
        engine.add_event_handler(Events.COMPLETED, self)

    def __call__(self, engine: Engine) -> None:
        """Print to standard output."""
        rate = self.optimizer.param_groups[0]["lr"]
        loss = engine.state.metrics[CommonKeys.LOSS]
        print(f"epoch {engine.state.epoch} held out: loss {loss:.4f}, learning rate {rate:.3g}", flush=True)


def loss_to_step_by(schedule: Any, evaluator: Evaluator) -> Callable[[Engine], tuple[float, ...]]:
    """What MONAI's LrScheduleHandler steps a schedule with: the held-out loss for ReduceLROnPlateau, else nothing.

    The validation set does not stand in where nobody is held out: it alone chooses the model, so it must not steer the
    training as well.

    Args:
        schedule: of the optimiser.
        evaluator: that of the held-out patients; its metric "loss" is used.

    Raises:
        ConfigError: a schedule that waits for a plateau, and nobody is held out.
    """
    if not isinstance(schedule, ReduceLROnPlateau):
        return lambda _: ()
    if not evaluator.state.epoch_length:
        raise ConfigError(
            "recipe::schedule is ReduceLROnPlateau, which goes by the loss of held-out patients, and recipe::cycle "
            "holds nobody out; give it 2 folds or more, or take a schedule that goes by epochs"
        )
    return lambda _: (float(evaluator.state.metrics[CommonKeys.LOSS]),)
