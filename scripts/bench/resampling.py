"""Time `resample` against MONAI's Spacing on a volume of random HU, in turns, on one core.

    python scripts/bench/resampling.py [--runs 5]

128 x 128 x 128 voxels of 3.9 x 3.9 x 2.5 mm become voxels of 2 mm. Prints the medians and their ratio.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from monai.data import MetaTensor
from monai.transforms import Spacing
from torch import Tensor

from rtcontour.transforms import image_spacing_mm, resample, voxel_ratios

SCAN_MM, WANTED_MM = (3.9, 3.9, 2.5), (2.0, 2.0, 2.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    torch.set_num_threads(1)
    volume = torch.randint(-1000, 1000, (1, 128, 128, 128), generator=torch.Generator().manual_seed(0)).float()
    image = MetaTensor(volume, affine=torch.diag(torch.tensor([*SCAN_MM, 1.0], dtype=torch.float64)))
    spacing = Spacing(WANTED_MM, mode="bilinear", padding_mode="border", scale_extent=True, dtype=torch.float32)
    ratios = voxel_ratios(image_spacing_mm(image), WANTED_MM)
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(runs + 1):
        ours.append(seconds(lambda: resample(volume, ratios)))
        theirs.append(seconds(lambda: spacing(image)))
    one, other = statistics.median(ours[1:]), statistics.median(theirs[1:])  # the first run warms up
    print(f"resample {one:.2f} s, Spacing {other:.2f} s, ratio {one / other:.2f}")


def seconds(work: Callable[[], Tensor]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
