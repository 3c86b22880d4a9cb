"""Where patients are imported: in this process, in several, or on the machines of a dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, as_completed
from contextlib import contextmanager
from typing import TypeVar

from rtcontour.errors import ConfigError
from rtcontour.processes import interrupts_held_back, worker_processes

SECONDS_TO_CONNECT = 10

Job = TypeVar("Job")
Result = TypeVar("Result")


@contextmanager
def open_workers(count: int, scheduler: str | None = None) -> Iterator[Executor | None]:
    """An executor for the duration of the block; None where one process does it all.

    Args:
        count: local processes.
        scheduler: address of a dask scheduler, such as "tcp://host:8786"; its workers are used instead. They must
            reach archive and data set under the same paths.

    Raises:
        ConfigError: `count` below 1, dask.distributed is not installed, or nobody answers at the address.
    """
    if scheduler is not None:
        with _dask(scheduler) as executor:
            yield executor
    elif count < 1:
        raise ConfigError(f"workers is {count}; expected 1 or more")
    elif count == 1:
        yield None
    else:
        with worker_processes(count) as pool:
            yield pool


def results_of(
    work: Callable[[Job], Result], jobs: Sequence[Job], executor: Executor | None
) -> Iterator[tuple[Job, Result | None]]:
    """Each job with its result, as they come; None for one at which its process died.

    Where a process of a local pool dies, out of memory say, the pool is lost with all that it had not done. That is
    done again, each job in a process of its own, so that only the culprit is missing.
    """
    if executor is None:
        yield from ((job, work(job)) for job in jobs)
        return
    with interrupts_held_back():
        futures = {executor.submit(work, job): number for number, job in enumerate(jobs)}
    left = []
    for future in as_completed(futures):
        number = futures[future]
        try:
            yield jobs[number], future.result()
        except BrokenExecutor:
            left.append(number)
        except Exception:  # of a cluster that gave up a job whose workers died
            yield jobs[number], None
    for number in sorted(left):
        with worker_processes(1) as alone:
            try:
                yield jobs[number], alone.submit(work, jobs[number]).result()
            except BrokenExecutor:
                yield jobs[number], None


@contextmanager
def _dask(scheduler: str) -> Iterator[Executor]:
    try:
        from distributed import Client
    except ImportError as error:
        raise ConfigError('--scheduler needs dask.distributed; install "rtcontour[dask]"') from error
    try:
        client = Client(scheduler, timeout=SECONDS_TO_CONNECT, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"--scheduler {scheduler}: nobody answers there ({error}); start dask scheduler") from error
    with client:
        executor = client.get_executor()
        try:
            yield executor
        finally:
            executor.shutdown()
