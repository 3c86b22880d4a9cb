"""Time an update of RecomiaFCN on this machine, with and without `reuse_freed_memory`: whole processes in turn.

    python scripts/bench/training.py [--size cpu] [--patch 136 136 72] [--updates 8] [--runs 3]

Prints a line a run and the ratio of the medians. An update is one patch: forward, loss, backward, optimiser.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

import torch

from rtcontour.networks import RecomiaFCN, merged_background_nll
from rtcontour.training import autocast_dtype, reuse_freed_memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="cpu")
    parser.add_argument("--patch", type=int, nargs=3, default=(136, 136, 72))
    parser.add_argument("--updates", type=int, default=8)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--memory", choices=["reused", "returned"], help="measure in this process, print seconds")
    arguments = parser.parse_args()
    if arguments.memory:
        print(measure(arguments.size, arguments.patch, arguments.updates, reuse=arguments.memory == "reused"))
        return
    seconds: dict[str, list[float]] = {"reused": [], "returned": []}
    for _ in range(arguments.runs):
        for memory, measured in seconds.items():
            process = subprocess.run(
                [sys.executable, __file__, *sys.argv[1:], "--memory", memory],
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            measured.append(float(process.stdout))
            print(f"freed memory {memory}: {measured[-1]:.2f} s an update")
    reused, returned = (statistics.median(measured) for measured in seconds.values())
    print(f"medians {reused:.2f} s and {returned:.2f} s an update, ratio {reused / returned:.2f}")


def measure(size: str, patch: list[int], updates: int, *, reuse: bool) -> float:
    """Seconds an update, after two that warm up."""
    if reuse and not reuse_freed_memory():
        sys.exit("malloc cannot be told here to keep freed memory")
    torch.manual_seed(0)
    network = RecomiaFCN(classes=6, size=size)
    optimizer = torch.optim.NAdam(network.parameters())
    image, label = torch.rand(1, 1, *patch) * 2 - 1, torch.randint(0, 6, (1, *patch))
    annotated, dtype = torch.ones(1, 6, dtype=torch.bool), autocast_dtype(torch.device("cpu"))
    for update in range(-2, updates):
        if update == 0:
            started = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype, enabled=dtype is not None):
            logits = network(image)
        merged_background_nll(logits, label, annotated).backward()
        optimizer.step()
    return (time.perf_counter() - started) / updates


if __name__ == "__main__":
    main()
