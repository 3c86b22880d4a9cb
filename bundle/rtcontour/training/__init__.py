"""What MONAI's trainers and evaluators need of ours: the step, losses, metric, handlers, checkpoints, plain errors."""

from rtcontour.training.anchors import check_anchors, print_anchors
from rtcontour.training.annotated_dice import AnnotatedDice, predictions_and_labels
from rtcontour.training.annotated_score import AnnotatedScore, CaseScores
from rtcontour.training.checkpoints import (
    SaveBest,
    SaveLast,
    read_checkpoint,
    resume,
    save_checkpoint,
    start_from,
)
from rtcontour.training.choice import loss_to_choose_by, metrics_to_choose_by
from rtcontour.training.class_weights import class_weights
from rtcontour.training.data_check import check_cases
from rtcontour.training.description import KEY, ModelDescription
from rtcontour.training.example_slices import ExampleSlices
from rtcontour.training.history import ValidationHistory
from rtcontour.training.losses import NetworkLosses
from rtcontour.training.manifest import RunManifest
from rtcontour.training.mean_loss import MeanLoss, loss_of_patches
from rtcontour.training.memory import reuse_freed_memory
from rtcontour.training.memory_check import check_memory
from rtcontour.training.patches.cycles import Cycles
from rtcontour.training.patches.dataset import PatchDataset
from rtcontour.training.patches.false_positives import (
    CollectFalsePositives,
    FalsePositives,
    FalsePositivesLine,
    MineFalsePositives,
)
from rtcontour.training.patches.held_out import (
    HeldOutLine,
    HeldOutStep,
    ScoreHeldOut,
    loss_to_step_by,
)
from rtcontour.training.patches.sampler import HeldOutSampler, PatchSampler
from rtcontour.training.phases import PhaseSchedule
from rtcontour.training.plain_errors import ErrorsFirst, install_plain_errors
from rtcontour.training.plan import check_data_set, check_split, print_plan
from rtcontour.training.progress import CaseProgress, Progress, ValidationLine
from rtcontour.training.random_state import RandomState
from rtcontour.training.run_config import refuse_unknown_overrides
from rtcontour.training.settings import Batching, check_flags, check_settings, check_start
from rtcontour.training.step import TrainingStep, autocast_dtype
from rtcontour.training.tracking import StructureMetrics, TrainingMetrics, mlflow_handlers
from rtcontour.training.validation_step import ValidationStep

__all__ = [
    "KEY",
    "AnnotatedDice",
    "AnnotatedScore",
    "Batching",
    "CaseProgress",
    "CaseScores",
    "CollectFalsePositives",
    "Cycles",
    "ErrorsFirst",
    "ExampleSlices",
    "FalsePositives",
    "FalsePositivesLine",
    "HeldOutLine",
    "HeldOutSampler",
    "HeldOutStep",
    "MeanLoss",
    "MineFalsePositives",
    "ModelDescription",
    "NetworkLosses",
    "PatchDataset",
    "PatchSampler",
    "PhaseSchedule",
    "Progress",
    "RandomState",
    "RunManifest",
    "SaveBest",
    "SaveLast",
    "ScoreHeldOut",
    "StructureMetrics",
    "TrainingMetrics",
    "TrainingStep",
    "ValidationHistory",
    "ValidationLine",
    "ValidationStep",
    "autocast_dtype",
    "check_anchors",
    "check_cases",
    "check_data_set",
    "check_flags",
    "check_memory",
    "check_settings",
    "check_split",
    "check_start",
    "class_weights",
    "install_plain_errors",
    "loss_of_patches",
    "loss_to_choose_by",
    "loss_to_step_by",
    "metrics_to_choose_by",
    "mlflow_handlers",
    "predictions_and_labels",
    "print_anchors",
    "print_plan",
    "read_checkpoint",
    "refuse_unknown_overrides",
    "resume",
    "reuse_freed_memory",
    "save_checkpoint",
    "start_from",
]
