"""Several processes that train one network: who is who, what each of them does, and who speaks.

Started by torchrun with configs/multi_gpu_train.json, which is where these functions are called. In a training of one
process they do nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from ignite.engine import Engine, Events
from monai.data import list_data_collate
from torch import nn
from torch.utils.data import Sampler

from rtcontour.errors import ConfigError

T = TypeVar("T")

LONGEST_WAIT = timedelta(hours=2)  # for a process whose validation cases are large, or that writes the cache
STORE_WAIT = timedelta(seconds=5)
START = "torchrun --standalone --nproc_per_node=2 -m monai.bundle run ..."


def own_device() -> torch.device:
    """The GPU of this process on its machine; the CPU where there is none.

    Raises:
        ConfigError: the machine has fewer GPUs than processes.
    """
    if not torch.cuda.is_available():
        return torch.device("cpu")
    number, there = _local_rank(), torch.cuda.device_count()
    if number >= there:
        raise ConfigError(
            f"process {number + 1} of this machine has no GPU of its own, there are {there}; start at most as many "
            f"processes (torchrun --nproc_per_node={there}), or name the CPU (--device \"$torch.device('cpu')\")"
        )
    return torch.device("cuda", number)


def join_processes(device: torch.device) -> None:
    """Wait for the other processes that torchrun started; from here on only the first one prints.

    They talk by NCCL where they compute on GPUs and by gloo elsewhere.

    Raises:
        ConfigError: torchrun did not start this process.
    """
    if dist.is_initialized():
        return
    if not {"RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"} <= set(os.environ):
        raise ConfigError(f"configs/multi_gpu_train.json: torchrun did not start this process; start it by {START}")
    on_gpu = device.type == "cuda"
    if on_gpu:
        torch.cuda.set_device(device)
    # In a job of Slurm, Ignite would number the processes by Slurm's tasks, of which one may be all of torchrun's.
    os.environ.pop("SLURM_JOB_ID", None)
    hook = sys.excepthook
    dist.init_process_group("nccl" if on_gpu else "gloo", timeout=LONGEST_WAIT, device_id=device if on_gpu else None)
    if hook is not sys.__excepthook__:
        sys.excepthook = hook  # torch has put one around it that begins each line with the rank
    if not is_first():
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 (to the end of the process)


def check_joined() -> None:
    """Refuse processes that torchrun started and that do not know of each other.

    Raises:
        ConfigError: they would train the same, each alone, and write over each other's files.
    """
    started = int(os.environ.get("WORLD_SIZE", "1"))
    if started > 1 and not _joined():
        raise ConfigError(
            f"torchrun started {started} processes, which would each train alone; name configs/multi_gpu_train.json "
            "after configs/train.json in --config_file"
        )


def leave_processes() -> None:
    """End what `join_processes` began."""
    if dist.is_initialized():
        dist.destroy_process_group()


def rank() -> int:
    """Number of this process, from 0."""
    return dist.get_rank() if _joined() else 0


def count_processes() -> int:
    """How many train together."""
    return dist.get_world_size() if _joined() else 1


def share() -> tuple[int, int]:
    """(rank, processes), as samplers take it."""
    return rank(), count_processes()


def is_first() -> bool:
    """Whether this is the process that writes files and prints."""
    return rank() == 0


def in_first(handlers: Sequence[T]) -> list[T]:
    """The handlers in the first process, none in the others: for what writes files and prints."""
    return list(handlers) if is_first() else []


def share_of(update: int) -> int:
    """How many of an update's patches each process takes.

    Raises:
        ConfigError: they cannot be divided evenly, without which the gradient would not be that of the update.
    """
    if update % count_processes():
        raise ConfigError(
            f"an update of {update} patches cannot be shared by {count_processes()} processes; choose a multiple: "
            "batch times accumulate of the preset, or the recipe's own batch"
        )
    return update // count_processes()


def in_turn(work: Callable[[], T]) -> T:
    """Do the work in the first process of each machine, and only then in the others: they find on disk what it left."""
    if count_processes() == 1:
        return work()
    if _local_rank() > 0:
        dist.barrier()
        return work()
    done = work()
    dist.barrier()
    return done


def gather(thing: T) -> list[T]:
    """What every process has, in the order of their ranks. Tensors have to be on the CPU."""
    if count_processes() == 1:
        return [thing]
    things: list[Any] = [None] * count_processes()
    dist.all_gather_object(things, thing)
    return things


def mean_of_processes(values: Mapping[str, float], device: torch.device) -> dict[str, float]:
    """The mean over the processes of values that all of them have under the same names."""
    if count_processes() == 1:
        return dict(values)
    summed = torch.tensor(list(values.values()), dtype=torch.float64, device=device)
    dist.all_reduce(summed)
    return dict(zip(values, (summed / count_processes()).tolist(), strict=True))


def is_first_to_fail() -> bool:
    """Whether no other process has told an error yet.

    Where one process fails the others soon do, of the same cause or because it is gone, and one line is enough. They
    ask torchrun's store, which is there before they have joined and after one of them is gone.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or "MASTER_PORT" not in os.environ:
        return True
    try:
        address = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
        store = dist.TCPStore(*address, is_master=False, timeout=STORE_WAIT)
        return store.add("rtcontour/failed", 1) == 1
    except (RuntimeError, ValueError):
        return True  # without torchrun's store: twice told is better than never


class ShareOfCases(Sampler[list[int]]):
    """A batch sampler that gives every case to exactly one process, alone in its batch.

    Nothing is scored twice to make the shares even. A process that is left without a case gets one empty batch, since
    an engine without any would not come to the end where all processes gather. `collate_case` makes the batches.

    Args:
        cases: the data set.
    """

    def __init__(self, cases: Sized) -> None:
        self.cases = cases

    def __iter__(self) -> Iterator[list[int]]:
        """Index of a case at a time, as [index], or []."""
        mine = range(len(self.cases))[rank() :: count_processes()]
        return iter([[case] for case in mine] or [[]])

    def __len__(self) -> int:
        """Batches of this process, at least 1."""
        return max(1, len(range(len(self.cases))[rank() :: count_processes()]))


def collate_case(items: Sequence[Any]) -> Any:
    """A batch of the items as MONAI makes it; {} of none."""
    return list_data_collate(items) if items else {}


class SameBuffers:
    """After each epoch every process takes the first one's buffers, which is what a checkpoint keeps.

    Running means of a normalisation differ by the patches that a process has seen since, and validation reads them.
    It stands before validation among the trainer's handlers.

    Args:
        network: the one that is validated.
    """

    def __init__(self, network: nn.Module) -> None:
        self.network = network

    def attach(self, engine: Engine) -> None:
        """Follow a trainer."""
        engine.add_event_handler(Events.EPOCH_COMPLETED, self)

    @torch.no_grad()
    def __call__(self, engine: Engine) -> None:
        """Broadcast the buffers."""
        if count_processes() > 1:
            for buffer in self.network.buffers():
                dist.broadcast(buffer, src=0)


def _joined() -> bool:
    return dist.is_available() and dist.is_initialized()


def _local_rank() -> int:
    return int(os.environ.get("LOCAL_RANK", "0"))
