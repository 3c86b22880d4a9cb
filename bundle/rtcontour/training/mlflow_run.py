"""MlflowRun: MONAI's MLFlowHandler, writing to the one MLflow run of a training."""

from __future__ import annotations

from typing import Any

from ignite.engine import Engine, Events
from monai.handlers import MLFlowHandler

from rtcontour.training.manifest import RunManifest
from rtcontour.training.tracking import EXPERIMENT, flat

PARAMETERS = ("recipe", "seed", "versions", "hardware", "data_set")


class MlflowRun(MLFlowHandler):
    """Metrics after each epoch; for a trainer also what the manifest says, and at the end manifest.json itself.

    The run is named by recipe and start of the training, which a resumed one knows, so that it goes on with its run.

    Args:
        tracking_uri: where to; the environment variable MLFLOW_TRACKING_URI counts first.
        manifest: of the training.
        trains: whether the engine is the trainer.
    """

    def __init__(self, tracking_uri: str, manifest: RunManifest, *, trains: bool) -> None:
        super().__init__(tracking_uri, iteration_log=False, experiment_name=EXPERIMENT)
        self.manifest = manifest
        self.trains = trains

    def attach(self, engine: Engine) -> None:
        """Follow a trainer or its evaluator."""
        super().attach(engine)
        if self.trains:
            engine.add_event_handler(Events.COMPLETED, self.finish)

    def start(self, engine: Engine) -> None:
        """Find or begin the run; only now is it known whether the training was resumed."""
        self.run_name = f"{self.manifest.recipe} {self.manifest.started}"
        self._go_on()
        super().start(engine)
        if self.trains:
            known = self.manifest.constant()
            parameters: dict[str, Any] = {key: known[key] for key in PARAMETERS if key in known}
            parameters = flat({"recipe": self.manifest.recipe, **parameters})
            self._delete_exist_param_in_dict(parameters)  # MLflow refuses another value of one that is there
            self._log_params(parameters)

    def _go_on(self) -> None:
        """Take the run of that name, a finished one too, which MONAI's handler would leave for a new one."""
        self._set_experiment()
        if self.cur_run or self.experiment is None:
            return
        runs = self.client.search_runs([self.experiment.experiment_id])
        of_that_name = [run for run in runs if run.info.run_name == self.run_name]
        if of_that_name:
            self.client.update_run(of_that_name[0].info.run_id, status="RUNNING")
            self.cur_run = self.client.get_run(of_that_name[0].info.run_id)

    def finish(self, engine: Engine) -> None:
        """Add manifest.json and end the run."""
        if self.cur_run and self.manifest.path.is_file():
            self.client.log_artifact(self.cur_run.info.run_id, str(self.manifest.path))
        self.close()
