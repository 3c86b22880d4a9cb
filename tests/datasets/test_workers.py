import os

import pytest

from rtcontour.datasets.workers import open_workers, results_of
from rtcontour.errors import ConfigError

JOBS = ["1 + 1", "2 + 2", "__import__('os').getpid()", "3 + 3"]


@pytest.mark.parametrize("count", [1, 2])
def test_every_job_has_its_result(count):
    with open_workers(count) as executor:
        found = dict(results_of(eval, JOBS, executor))
    assert found.keys() == set(JOBS)
    assert (found["1 + 1"], found["2 + 2"], found["3 + 3"]) == (2, 4, 6)
    assert (found[JOBS[2]] == os.getpid()) == (count == 1)


def test_a_job_at_which_its_process_dies_is_missing_and_no_other():
    deadly = "__import__('os')._exit(9)"
    with open_workers(2) as executor:
        found = dict(results_of(eval, [*JOBS, deadly], executor))
    assert found.keys() == {*JOBS, deadly} and found[deadly] is None
    assert (found["1 + 1"], found["2 + 2"], found["3 + 3"]) == (2, 4, 6)


def test_no_process_at_all_is_refused():
    with pytest.raises(ConfigError, match="workers is 0"), open_workers(0):
        pass
