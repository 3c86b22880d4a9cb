"""Work in several processes, which Ctrl-C ends without a word, and which never outlive their parent."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.connection import wait
from threading import Thread
from typing import TypeVar

from rtcontour.errors import ConfigError

Job = TypeVar("Job")
Result = TypeVar("Result")


def in_processes(work: Callable[[Job], Result], jobs: Sequence[Job], workers: int) -> Iterator[Result]:
    """What `work` gives of each job, in their order; in this process where one worker is enough.

    Raises:
        ConfigError: a process ended before its job was done.
    """
    if workers == 1:
        yield from map(work, jobs)
        return
    with worker_processes(workers) as pool:
        with interrupts_held_back():
            futures = [pool.submit(work, job) for job in jobs]  # starts the processes
        try:
            # Not pool.map: it cancels what waits when it is left, which trips the pool where processes were ended too.
            for future in futures:
                yield future.result()
        except BrokenProcessPool as error:
            raise ConfigError(
                "a working process ended early (out of memory, or started from a script without "
                'if __name__ == "__main__"); take one process'
            ) from error


@contextmanager
def worker_processes(workers: int) -> Iterator[ProcessPoolExecutor]:
    """A pool of processes; those that still work when Ctrl-C or giving up ends the block are ended, not waited for.

    Args:
        workers: how many; they start as work is submitted, which is best done under `interrupts_held_back`.
    """
    before = set(active_children())
    # Not forked: the threads of OpenMP, which torch and numba may have started here, do not survive that.
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=_begin)
    try:
        yield pool
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        for process in set(active_children()) - before:
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Let Ctrl-C wait until the block is left, and never reach the processes that start in it.

    A new process keeps the signal mask of the thread that started it, from its first instruction on: one that ignored
    the interrupt only once Python runs would print a traceback if it came earlier. Windows has no such masks.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin() -> None:
    """What each worker does first: leave Ctrl-C to the parent, and watch for its end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])  # a killed parent says nothing, and the queue of work would be waited for forever
        os._exit(1)
