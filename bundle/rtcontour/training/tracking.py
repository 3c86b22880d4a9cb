"""What TensorBoard and MLflow are told beside what MONAI's handlers find: Dice per structure, loss, rate, manifest."""

from __future__ import annotations

import json
import logging
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ignite.engine import Engine, Events
from ignite.metrics import Average
from monai.utils import path_to_sqlite_uri
from torch.optim import Optimizer

from rtcontour.errors import ConfigError
from rtcontour.training.annotated_dice import AnnotatedDice
from rtcontour.training.manifest import RunManifest
from rtcontour.training.processes import is_first

EXPERIMENT = "rtcontour"
LONGEST_PARAMETER = 500  # characters that every store of MLflow takes


def tracked_name(name: str) -> str:
    """A structure's name with nothing but what both programs take in the name of a curve."""
    return re.sub(r"[^\w\-. ]", "_", name)


class StructureMetrics:
    """Puts the Dice of each structure among an evaluator's metrics, as "dice/NAME", where MONAI's handlers find it.

    A structure that no case has contoured is left out. Attach it before the handlers that write.
    """

    def __init__(self, metric: AnnotatedDice) -> None:
        self.metric = metric

    def attach(self, engine: Engine) -> None:
        """Follow an evaluator."""
        engine.add_event_handler(Events.EPOCH_COMPLETED, self)

    def __call__(self, engine: Engine) -> None:
        """Add the metrics."""
        scores = self.metric.per_structure().items()
        engine.state.metrics.update({f"dice/{tracked_name(n)}": dice for n, dice in scores if not math.isnan(dice)})


class TrainingMetrics:
    """Puts the mean loss of an epoch and the learning rate among a trainer's metrics: "epoch_loss", "lr"."""

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer

    def attach(self, engine: Engine) -> None:
        """Follow a trainer whose output is {"loss": float}."""
        Average(output_transform=lambda output: output["loss"]).attach(engine, "epoch_loss")
        engine.add_event_handler(Events.EPOCH_COMPLETED, self)

    def __call__(self, engine: Engine) -> None:
        """Add the rate."""
        engine.state.metrics["lr"] = self.optimizer.param_groups[0]["lr"]


def mlflow_handlers(wanted: bool, output_dir: str | Path, manifest: RunManifest, *, trains: bool) -> list[Any]:
    """MONAI's MLFlowHandler for a trainer or its evaluator, in a list; none where it is not wanted.

    Of several processes only the first one has it.

    Both write to one run in `output_dir`/mlflow.db, or where the environment variable MLFLOW_TRACKING_URI says, and a
    resumed training goes on with it. Metrics are written after each epoch; the trainer's adds the manifest.

    Args:
        wanted: whether to track.
        output_dir: of the training.
        manifest: of the training; names the run.
        trains: whether the handler is the trainer's.

    Raises:
        ConfigError: MLflow is not installed.
    """
    if not wanted or not is_first():
        return []
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"  # nothing of a training leaves the machine unasked
    try:
        import mlflow.telemetry
    except ImportError as error:
        raise ConfigError(
            "mlflow is True, and MLflow is not installed; say pip install 'rtcontour[mlflow]', or leave it out"
        ) from error
    mlflow.telemetry.set_telemetry_client()  # reads the variable; importing MONAI's handlers came before it
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    from rtcontour.training.mlflow_run import MlflowRun

    Path(output_dir).mkdir(parents=True, exist_ok=True)
    uri = path_to_sqlite_uri(str(Path(output_dir).resolve() / "mlflow.db"))
    return [MlflowRun(uri, manifest, trains=trains)]


def flat(content: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested entries by their paths, each value in as many characters as MLflow takes."""
    found: dict[str, str] = {}
    for key, value in content.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            found.update(flat(value, f"{name}."))
        else:
            text = value if isinstance(value, str) else json.dumps(value, default=str)
            found[tracked_name(name)] = text[:LONGEST_PARAMETER]
    return found
