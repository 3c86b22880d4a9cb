"""What the pages name exists: links, files, commands, options, config entries, public names."""

import ast
import json
import re
import shlex
from importlib.util import find_spec
from pathlib import Path

import click
import pytest

import rtcontour
from rtcontour.cli.main import app

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "bundle" / "rtcontour"
MADE_LATER = ("demo", "output", "dataset", ".venv")  # folders that a command makes, and that git ignores
PLACEHOLDER = re.compile(r"(^|/)(CASE|NAME|OUT|CT_DIR)\b")
MONAI_OPTIONS = {"run_id", "config_file", "meta_file", "logging_file"}


def anchors(path):
    """The anchors that a Markdown page offers, made from its headings."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_every_relative_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.prose):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        file = (page.path.parent / name).resolve() if name else page.path
        assert file.exists(), f"{page.path.name}: {target}"
        assert not anchor or anchor in anchors(file), f"{page.path.name}: {target}"


def looks_like_a_path(span):
    """A file or folder of the repository, or of the package: its first part is one that is there."""
    first = span.split("/")[0]
    if not re.fullmatch(r"[\w.*/-]+", span) or PLACEHOLDER.search(span) or first in MADE_LATER:
        return False
    if "/" in span:
        return (ROOT / first).is_dir() or (PACKAGE / first).is_dir()
    return span in ("Makefile", "LICENSE") or span.endswith((".py", ".toml", "constraints.txt"))


def test_every_path_in_backticks_exists(page):
    for span in filter(looks_like_a_path, page.spans):
        found = any(list(place.glob(span.rstrip("/"))) for place in (ROOT, PACKAGE))
        assert found, f"{page.path.name}: `{span}` is not there"


def test_pages_name_no_machine_paths(page):
    text = page.path.read_text(encoding="utf-8")
    assert not re.search(r"(?<![\w.$])/(work|home|root|tmp|Users)/|\.\./shared", text)


def parts_of(line):
    return [part.removeprefix(".venv/bin/") for part in shlex.split(line, comments=True)]


def parse_rtcontour(arguments):
    """Let click parse a command line without running it; it raises for an unknown command or option."""
    with app.make_context("rtcontour", list(arguments)) as context:
        name, command, rest = app.resolve_command(context, list(arguments))
        command.make_context(name, rest, parent=context).close()


def test_every_rtcontour_line_is_one_that_the_command_takes(page):
    for line in page.command_lines:
        program, *arguments = parts_of(line)
        if program == "rtcontour":
            try:
                parse_rtcontour(arguments)
            except click.UsageError as error:
                pytest.fail(f"{page.path.name}: {line}: {error.format_message()}")


def test_every_command_in_backticks_exists(page):
    for span in page.spans:
        words = span.split()
        if words[0] != "rtcontour" or len(words) == 1 or words[1].isupper():
            continue
        command = app.get_command(click.Context(app), words[1])
        assert command, f"{page.path.name}: `{span}`"
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, f"{page.path.name}: `{span}`"


def test_every_make_target_exists(page):
    targets = set(re.findall(r"^([\w-]+):(?!=)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    for line in [*page.command_lines, *page.spans]:
        if line.startswith("make "):
            assert line.split()[1] in targets, f"{page.path.name}: {line}"


def monai_options(arguments):
    """["--a", "1", "--b", "2"] -> {"a": "1", "b": "2"}."""
    names, values = arguments[::2], arguments[1::2]
    assert len(names) == len(values) and all(name.startswith("--") for name in names), arguments
    return {name.removeprefix("--"): value for name, value in zip(names, values, strict=True)}


def merged_config(config_file):
    """The listed files as MONAI merges them: a later one replaces a key as a whole."""
    files = ast.literal_eval(config_file) if config_file.startswith("[") else [config_file]
    config = {}
    for file in files:
        if file.startswith("mine/"):  # the reader's own, which a page tells to write
            continue
        assert (ROOT / file).is_file(), file
        config |= json.loads((ROOT / file).read_text(encoding="utf-8"))
    return config


def has_entry(config, path):
    """Whether an override finds its place; the entries behind a macro (%) cannot be reached, as in MONAI."""
    *parents, last = path.split("::")
    for parent in parents:
        config = config.get(parent) if isinstance(config, dict) else None
    return isinstance(config, dict) and last in config


def check_monai_run(arguments):
    assert arguments[:3] == ["-m", "monai.bundle", "run"], arguments
    options = monai_options(arguments[3:])
    config = merged_config(options["config_file"])
    assert options.get("run_id", "run") in config, options["run_id"]
    for name in options.keys() - MONAI_OPTIONS:
        assert has_entry(config, name), f"--{name} is in none of the listed configs"


def test_every_monai_line_names_configs_and_entries_that_exist(page):
    for line in page.command_lines:
        program, *arguments = parts_of(line)
        if program == "python" and "monai.bundle" in arguments:
            check_monai_run(arguments)


def test_overrides_in_backticks_are_entries_of_a_config(page):
    configs = [json.loads(path.read_text(encoding="utf-8")) for path in (ROOT / "configs").rglob("*.json")]
    for span in page.spans:
        name = re.match(r"--(\w+(?:::\w+)+)", span)
        assert not name or any(has_entry(config, name[1]) for config in configs), f"{page.path.name}: `{span}`"


def test_an_override_of_an_unlisted_recipe_is_seen():
    line = "-m monai.bundle run --config_file configs/train.json --recipe::epochs 3"
    with pytest.raises(AssertionError, match="recipe::epochs"):
        check_monai_run(line.split())


def public_names(module):
    """The names that a module of the package offers, read without importing it, so without torch."""
    if module == "rtcontour":
        return set(dir(rtcontour))
    place = PACKAGE.joinpath(*module.split(".")[1:])
    if place.with_suffix(".py").is_file():
        tree = ast.parse(place.with_suffix(".py").read_text(encoding="utf-8"))
        return {node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    tree = ast.parse((place / "__init__.py").read_text(encoding="utf-8"))
    lists = [node.value for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "__all__"]
    return set(ast.literal_eval(lists[0]))


def test_python_blocks_compile_and_import_only_public_names(page):
    for code in page.code("python"):
        for node in ast.walk(ast.parse(code, filename=str(page.path))):
            if isinstance(node, ast.Import):
                assert all(find_spec(alias.name) for alias in node.names), f"{page.path.name}: {ast.unparse(node)}"
            if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "rtcontour":
                missing = {alias.name for alias in node.names} - public_names(node.module)
                assert not missing, f"{page.path.name}: {node.module} has no {missing}"


def test_json_blocks_are_json(page):
    for code in page.code("json"):
        json.loads(code)
