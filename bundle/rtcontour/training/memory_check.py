"""check_memory: too little memory for a preset, said before a training and not after its first hour."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from rtcontour.errors import ConfigError
from rtcontour.training.losses import NetworkLosses
from rtcontour.training.memory_need import MemoryNeed, memory_need
from rtcontour.training.settings import Batching

GIB = 2**30
SHARED_MEMORY = Path("/dev/shm")  # where Linux hands over what workers made
PREFETCHED_UPDATES = 2  # a worker; torch's own default
BYTES_A_VOXEL = 6  # image float32, label and weight uint8
MEMINFO = Path("/proc/meminfo")
CGROUP_2 = Path("/sys/fs/cgroup")  # limit, use, and what of the use could be given back
CGROUP_1 = Path("/sys/fs/cgroup/memory")
CGROUP_FILES = {
    CGROUP_2: ("memory.max", "memory.current", "inactive_file"),
    CGROUP_1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}


def check_memory(
    network: nn.Module,
    loss: Callable[..., Tensor] | NetworkLosses,
    patch: Sequence[int],
    batching: Batching,
    dtype: torch.dtype | None,
    device: torch.device,
    workers: int = 0,
) -> MemoryNeed:
    """Refuse more patches at a time than the free memory of a device holds, by an estimate, and print both.

    Args:
        network: the training's, as are the others.
        loss: counted with it.
        patch: voxels (i, j, k).
        batching: whose `micro_batch` patches are in memory at a time.
        dtype: what autocast computes in; None for float32.
        device: where it trains.
        workers: processes that make patches, an update at a time.

    Raises:
        ConfigError: says how many patches or workers would fit; or a word stands for a device or a type.
    """
    if dtype is not None and not isinstance(dtype, torch.dtype):
        raise ConfigError(f'autocast is {dtype!r}; write it as --autocast "$torch.bfloat16", or "$None" for float32')
    if not isinstance(device, torch.device):
        raise ConfigError(f"device is {device!r}; write it as --device \"$torch.device('cuda:0')\" or with 'cpu'")
    need = memory_need(network, loss, patch, dtype, device)
    free = free_memory(device)
    wanted, patches = need.of(batching.micro_batch), batching.micro_batch
    there = "unknown" if free is None else f"{free / GIB:.1f} GiB"
    at_a_time = "1 patch needs" if patches == 1 else f"{patches} patches at a time need"
    print(f"memory: {at_a_time} about {wanted / GIB:.1f} GiB on {device}; free: {there}", flush=True)
    if free is not None and wanted > free:
        fit = need.patches_in(free)
        remedy = f"take batch {fit} and accumulate more" if fit else "take a smaller preset::size or recipe::patch"
        raise ConfigError(
            f"batch is {patches}: so many patches {list(patch)} need about {wanted / GIB:.1f} GiB at a time and "
            f"{free / GIB:.1f} GiB are free on {device}; {remedy}"
        )
    _check_loader(patch, batching, workers)
    return need


def _check_loader(patch: Sequence[int], batching: Batching, workers: int) -> None:
    """Refuse workers whose updates, made in advance, do not fit where they are handed over: a bus error otherwise."""
    if not workers or not SHARED_MEMORY.is_dir():
        return
    wanted = workers * PREFETCHED_UPDATES * batching.update * math.prod(patch) * BYTES_A_VOXEL
    free = shutil.disk_usage(SHARED_MEMORY).free
    if wanted > free:
        raise ConfigError(
            f"{workers} workers hand over about {wanted / GIB:.1f} GiB of patches in {SHARED_MEMORY}, which has "
            f"{free / GIB:.1f} GiB free; lower preset::workers or give the container more (docker run --shm-size)"
        )


def free_memory(device: torch.device) -> int | None:
    """Bytes that a process can still take on a device; None where the system does not say."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    if device.type != "cpu":
        return None
    known = [free for free in (_available(), *(_left_in_group(folder) for folder in CGROUP_FILES)) if free is not None]
    processes = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))  # of torchrun on this machine: each takes as much
    return min(known) // processes if known else None


def _available() -> int | None:
    """MemAvailable of Linux."""
    for line in _text(MEMINFO).splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _left_in_group(folder: Path) -> int | None:
    """What the control group of a container leaves; None where there is no limit."""
    limit, used, cache = CGROUP_FILES[folder]
    numbers = [_text(folder / name).strip() for name in (limit, used)]
    if not all(number.isdigit() for number in numbers):  # "max" where there is none
        return None
    rows = (line.split() for line in _text(folder / "memory.stat").splitlines())
    returnable = next((int(row[1]) for row in rows if row[0] == cache), 0)
    return max(0, int(numbers[0]) - int(numbers[1]) + returnable)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
