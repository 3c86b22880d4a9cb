"""Memory of a training against the size of RecomiaFCN and the patches in memory at a time, as a Markdown table.

    python scripts/bench/memory.py [--patch 136 136 72] [--classes 6] [--measure]

Estimated as `--run_id check` does. With --measure, every estimate for one patch stands beside the peak of a process of
its own on the CPU: the largest resident memory of two updates less that before the first.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import torch

from rtcontour.networks import RecomiaFCN, merged_background_nll
from rtcontour.networks.recomia_fcn import SIZES
from rtcontour.training.memory_need import memory_need

DTYPES = {"float32": None, "bfloat16": torch.bfloat16}
BATCHES = (1, 2, 5, 10, 50)
GIB = 2**30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patch", type=int, nargs=3, default=(136, 136, 72))
    parser.add_argument("--classes", type=int, default=6)
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--peak", nargs=2, metavar=("SIZE", "DTYPE"), help="measure in this process, print bytes")
    arguments = parser.parse_args()
    if arguments.peak:
        print(peak(*arguments.peak, arguments.patch, arguments.classes))
        return
    columns = [f"{batch} at a time" for batch in BATCHES] + ["measured, 1"] * arguments.measure
    print(f"GiB for patches of {' x '.join(map(str, arguments.patch))} voxels:\n")
    print(f"| size | computed in | {' | '.join(columns)} |\n|---|---|{'---|' * len(columns)}")
    for size in SIZES:
        for name, dtype in DTYPES.items():
            network = RecomiaFCN(classes=arguments.classes, size=size)
            need = memory_need(network, merged_background_nll, arguments.patch, dtype, torch.device("cpu"))
            cells = [f"{need.of(batch) / GIB:.2f}" for batch in BATCHES]
            if arguments.measure:
                cells.append(f"{measured(size, name, arguments) / GIB:.2f}")
            print(f"| {size} | {name} | {' | '.join(cells)} |", flush=True)


def measured(size: str, dtype: str, arguments: argparse.Namespace) -> int:
    """The same of a process of its own."""
    patch, classes = [str(n) for n in arguments.patch], str(arguments.classes)
    command = [sys.executable, __file__, "--patch", *patch, "--classes", classes, "--peak", size, dtype]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def peak(size: str, dtype: str, patch: list[int], classes: int) -> int:
    """Bytes of two updates of one patch each, after a tiny one that loads the libraries."""
    update([16, 16, 8], size, dtype, classes)
    before = resident("VmRSS")
    update(patch, size, dtype, classes)
    return resident("VmHWM") - before


def update(patch: list[int], size: str, dtype: str, classes: int) -> None:
    network = RecomiaFCN(classes=classes, size=size)
    optimizer = torch.optim.NAdam(network.parameters())
    image, label = torch.rand(1, 1, *patch) * 2 - 1, torch.randint(0, classes, (1, 1, *patch), dtype=torch.uint8)
    annotated, weight = torch.ones(1, classes, dtype=torch.bool), torch.ones_like(label)
    for _ in range(2):
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", DTYPES[dtype], enabled=DTYPES[dtype] is not None):
            logits = network(image)
        merged_background_nll(logits, label, annotated, weight=weight, normalizer=1.0).backward()
        optimizer.step()


def resident(row: str) -> int:
    """VmRSS, what is in memory now, or VmHWM, the most there ever was; bytes. Linux only."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(row))


if __name__ == "__main__":
    main()
