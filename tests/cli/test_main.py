import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from rtcontour import __version__
from rtcontour.cli.main import COMMANDS, app
from rtcontour.errors import RtContourError


def test_help_lists_every_command_with_what_it_does(rtcontour):
    result = rtcontour("--help")
    assert result.code == 0
    for command in ("contour", "demo", "evaluate", "masks", "rtstruct"):
        line = next(line for line in result.out.splitlines() if line.split()[:1] == [command])
        assert len(line.split()) > 3


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_its_arguments(command):
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    adds_or_only_groups = command in ("cohort", "phantom")
    assert ("--replace" in result.output) != adds_or_only_groups


def test_the_version_is_the_package_s(rtcontour):
    assert __version__ in rtcontour("--version").out


@pytest.mark.parametrize("arguments", [["mask"], ["masks"], ["masks", "a", "b", "c", "--colour"], ["--nothing"]])
def test_wrong_usage_is_exit_code_2(rtcontour, arguments):
    result = rtcontour(*arguments)
    assert result.code == 2 and "Usage: rtcontour" in result.err


def test_debugging_shows_where_an_error_was_raised(monkeypatch):
    from rtcontour.cli import main

    monkeypatch.setenv("RTCONTOUR_DEBUG", "1")
    monkeypatch.setattr(sys, "argv", ["rtcontour", "masks", "nowhere.dcm", "nowhere", "out"])
    with pytest.raises(RtContourError):
        main()


def process(*arguments, **environment):
    command = [sys.executable, "-c", "from rtcontour.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)


def test_a_process_ends_with_one_line_and_exit_code_1(tmp_path, tiny_ct):
    result = process("masks", tmp_path / "nowhere.dcm", tiny_ct, tmp_path / "out")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("rtcontour: ") and result.stderr.count("\n") == 1
    assert "nowhere.dcm" in result.stderr and not (tmp_path / "out").exists()


def test_a_process_imports_only_what_its_command_needs(tmp_path, tiny_rtstruct, tiny_ct):
    code = (
        "import sys; from rtcontour.cli import main\n"
        "try: main()\n"
        "except SystemExit as ended: print(ended.code, *{'torch', 'monai', 'matplotlib'} & sys.modules.keys())"
    )
    command = [sys.executable, "-c", code, "masks", str(tiny_rtstruct), str(tiny_ct), str(tmp_path / "out")]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1].strip() == "0"
