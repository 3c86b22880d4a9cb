"""reuse_freed_memory: keep the big tensors' memory between iterations on CPU."""

from __future__ import annotations

import ctypes
import sys

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4  # malloc.h of glibc
KEPT_BYTES = 2**31 - 1  # mallopt takes a C int
PAD_BYTES = 256 * 2**20


def reuse_freed_memory() -> bool:
    """Tell glibc's malloc to hand freed tensors out again instead of returning them to the system.

    By default every tensor above 32 MB is mapped anew and faults in page by page, in each iteration. With kept memory
    an update of RecomiaFCN took a fifth less time on two cores (docs/benchmarks.md). It costs nothing but that the
    process holds its largest footprint until it ends.

    Returns:
        Whether it took effect; False on systems without glibc.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False
    settings = ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, KEPT_BYTES), (M_TOP_PAD, PAD_BYTES))
    return all(mallopt(name, value) == 1 for name, value in settings)
