import os
import signal
import time

import pytest

from rtcontour.errors import ConfigError
from rtcontour.processes import in_processes

ENDLESS = """
import time
from rtcontour.processes import in_processes

def work(job):
    print("works", flush=True)
    time.sleep(60)

if __name__ == "__main__":
    list(in_processes(work, range(9), 2))
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_jobs(workers):
    assert list(in_processes(abs, [-3, 1, -2], workers)) == [3, 1, 2]


def test_one_worker_is_this_process():
    assert list(in_processes(lambda job: os.getpid(), [0], 1)) == [os.getpid()]


def test_an_error_of_a_job_is_raised():
    with pytest.raises(TypeError, match="abs"):
        list(in_processes(abs, [1, "a"], 2))


def test_a_process_that_ends_early_is_one_line():
    with pytest.raises(ConfigError, match=r"ended early .*take one process"):
        list(in_processes(os._exit, [1, 1], 2))


def test_what_nobody_waits_for_any_more_is_ended():
    results = in_processes(time.sleep, [0, 60, 60], 2)
    next(results)
    started = time.monotonic()
    results.close()
    assert time.monotonic() - started < 10


def test_processes_end_with_their_parent(start_script, all_end):
    script = start_script(ENDLESS)
    assert script.stdout.readline().strip() == "works"
    script.kill()
    script.wait()
    assert all_end(script.pid)


def test_an_interrupt_ends_all_processes_without_a_word_of_theirs(start_script, all_end):
    script = start_script(ENDLESS)
    assert script.stdout.readline().strip() == "works"
    os.killpg(script.pid, signal.SIGINT)
    _, said = script.communicate(timeout=20)
    assert script.returncode == -signal.SIGINT
    assert said.count("Traceback") == 1 and "spawn" not in said
    assert all_end(script.pid)
