import logging
import sys

import pytest
from ignite.engine import Engine
from monai.bundle import ConfigParser
from monai.handlers import StatsHandler
from monai.transforms import Compose
from torch._utils import ExceptionWrapper

from rtcontour.dicom import read_structure_set
from rtcontour.errors import DataSetError, InputFileError
from rtcontour.training import ErrorsFirst, install_plain_errors
from rtcontour.training.plain_errors import config_message, plain_message
from rtcontour.transforms import ReadScand

OURS = "c1.nii.gz: is broken; copy it again"


def caught(action):
    try:
        action()
    except BaseException as error:
        return error


def wrapped():
    try:
        raise DataSetError(OURS)
    except DataSetError as error:
        raise RuntimeError("applying transform <ReadCased>") from error


def twice_wrapped():
    try:
        wrapped()
    except RuntimeError as error:
        raise RuntimeError("Failed to instantiate component") from error


def explained_by_another():
    try:
        raise DataSetError("the inner line")
    except DataSetError as error:
        raise DataSetError(OURS) from error


@pytest.mark.parametrize("action", [wrapped, twice_wrapped, explained_by_another])
def test_our_line_is_found_behind_the_errors_raised_from_it(action):
    assert plain_message(caught(action)) == OURS


def in_a_worker(action):
    """The error that torch raises in the main process for one in a worker process."""
    try:
        action()
    except Exception:
        return caught(ExceptionWrapper(where="in DataLoader worker process 0").reraise)


@pytest.mark.parametrize(
    "read",
    [ReadScand(), Compose([ReadScand()]), Compose([Compose([ReadScand()])])],
    ids=["our error ends the worker", "MONAI's error ends the worker", "an error of MONAI's from another"],
)
def test_the_line_of_a_worker_process_is_the_same_as_without_one(read):
    error = in_a_worker(lambda: read({"image": "nowhere/x.nii.gz"}))
    assert "worker process" in str(error) and "Traceback" in str(error)
    assert plain_message(error) == "nowhere/x.nii.gz: is not there; expected a NIfTI file"


def test_a_bug_in_a_worker_process_has_no_line():
    assert plain_message(in_a_worker(lambda: {}["key"])) is None


@pytest.mark.parametrize(
    "error",
    [KeyError("Bladder"), RuntimeError("rtcontour: no"), ValueError("rtcontour.errors.py"), KeyboardInterrupt()],
)
def test_an_error_that_is_not_ours_has_no_line(error):
    assert plain_message(error) is None


def test_causes_that_go_in_a_circle_end():
    first, second = ValueError("1"), ValueError("2")
    first.__cause__, second.__cause__ = second, first
    assert plain_message(first) is None


@pytest.fixture
def hook(monkeypatch):
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    monkeypatch.delenv("RTCONTOUR_DEBUG", raising=False)
    ignite = logging.getLogger("ignite.engine.engine")
    level = ignite.level

    def uncaught(action):
        install_plain_errors()
        error = caught(action)
        sys.excepthook(type(error), error, error.__traceback__)

    yield uncaught
    ignite.setLevel(level)


def test_an_uncaught_error_of_ours_is_one_line_on_stderr(hook, capsys):
    hook(wrapped)
    assert capsys.readouterr() == ("", f"rtcontour: {OURS}\n")


def test_a_bug_keeps_its_traceback(hook, capsys):
    hook(lambda: {}["key"])
    assert "Traceback" in capsys.readouterr().err


def test_debugging_keeps_the_traceback(hook, capsys, monkeypatch):
    monkeypatch.setenv("RTCONTOUR_DEBUG", "1")
    hook(wrapped)
    said = capsys.readouterr().err
    assert "Traceback" in said and OURS in said and "rtcontour: " not in said


@pytest.fixture
def failing_engine():
    """An engine with our handler and MONAI's, that meets an error."""

    def run(error):
        def step(engine, batch):
            raise error

        engine = Engine(step)
        ErrorsFirst().attach(engine)
        StatsHandler(name="stats").attach(engine)
        engine.run([0])

    return run


@pytest.mark.parametrize("error", [InputFileError(OURS), ZeroDivisionError("bug"), KeyboardInterrupt()])
def test_an_engine_swallows_no_error_and_monai_logs_no_traceback(failing_engine, caplog, error):
    with caplog.at_level(logging.INFO, "stats"), pytest.raises(type(error)) as raised:
        failing_engine(error)
    assert raised.value is error
    assert not [record for record in caplog.records if record.name == "stats" and record.levelno >= logging.ERROR]


def test_a_missing_file_in_the_main_process_is_ours_too(tmp_path):
    error = caught(lambda: read_structure_set(tmp_path / "rs.dcm"))
    assert str(tmp_path / "rs.dcm") in plain_message(error)


def error_of(entry, **config):
    """What MONAI raises when it resolves an entry of a config."""
    parser = ConfigParser({"entry": entry, **config})
    return caught(lambda: parser.get_parsed_content("entry"))


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (
            {"_target_": "torch.optim.SGD", "params": "$[torch.zeros(1)]", "lr": -1},
            "SGD cannot be made with params,lr: I",
        ),
        ({"_target_": "torch.device", "typ": "cpu"}, "torch.device cannot be made with typ: "),
        ({"_target_": "torch.optim.NAdamm"}, "there is no torch.optim.NAdamm; correct the name"),
        (
            "$@size::cycles * 2 + @size::epochs",
            "$@size::cycles * 2 + @size::epochs cannot be evaluated: unsupported op",
        ),
        ("$1 / 0", "$1 / 0 cannot be evaluated: division by zero"),
        ("$torch.zeros(1).to('gpu')", "cannot be evaluated: Expected one of cpu, cuda"),
        ("@size::iterations", "something refers to @size::iterations, which is not declared"),
    ],
)
def test_an_entry_that_monai_can_make_nothing_of_has_a_line(entry, said):
    error = error_of(entry, imports=["$import torch"], size={"cycles": None, "epochs": 2})
    assert plain_message(error) is None and said in config_message(error)
    assert "\n" not in config_message(error)


def test_an_error_of_ours_behind_an_entry_keeps_its_own_line():
    error = error_of({"_target_": "rtcontour.transforms.SamplePatchd", "patch": [8, 8, 8], "structure_share": 2})
    assert plain_message(error) == "recipe::sampling: structure_share is 2; expected 0 to 1"
    assert config_message(error) is None


def test_a_bug_while_an_entry_is_at_work_has_no_line():
    def step(engine, batch):
        return {}["key"]

    error = error_of("$@engine.run([0])", engine=Engine(step))
    assert "Failed to evaluate" in str(error) and config_message(error) is None
    assert config_message(error_of({"_target_": "rtcontour.training.read_checkpoint", "path": 5})) is None


def test_an_interruption_is_one_line(hook, capsys):
    def interrupt():
        raise KeyboardInterrupt

    hook(interrupt)
    assert capsys.readouterr().err.startswith("rtcontour: interrupted; ")
