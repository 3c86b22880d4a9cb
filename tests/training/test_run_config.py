import json
from pathlib import Path

import monai.bundle
import pytest

from rtcontour.errors import ConfigError
from rtcontour.training.run_config import refuse_unknown_overrides, running_config

PROGRAM = str(Path(monai.bundle.__file__).parent / "__main__.py")
STORY = {
    "recipe": "%recipe.json::recipe",
    "preset": {"size": "cpu", "batch": 2},
    "val_interval": 1,
    "weights": None,
    "data": {"_target_": "read", "folder": "data"},
    "train": {"handlers": [{"_target_": "Validate", "interval": "@val_interval"}], "epochs": "@recipe::epochs"},
}


@pytest.fixture(autouse=True)
def configs(tmp_path, monkeypatch):
    """A story that names its default recipe by a macro, a preset, and a file of arguments."""
    monkeypatch.chdir(tmp_path)
    for name, content in {
        "story": STORY,
        "recipe": {"recipe": {"epochs": 50, "loss": {"_target_": "nll"}}},
        "other": {"recipe": {"epochs": 9, "schedule": None}},
        "args": {"config_file": ["story.json", "other.json"], "val_interval": 2},
        "misspelled": {"config_file": "story.json", "val_intervall": 2},
    }.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content))


@pytest.fixture
def start(monkeypatch):
    def command(*words, program=PROGRAM):
        monkeypatch.setattr("sys.argv", [program, *words])

    return command


FILE, BOTH = ("--config_file", "story.json"), ("--config_file", "['story.json','other.json']")


@pytest.mark.parametrize(
    "words",
    [
        (*FILE,),
        ("check", *FILE),
        ("--run_id", "check", *FILE, "--logging_file", "logging.conf", "--meta_file", "meta.json"),
        (*FILE, "--val_interval", "5"),
        (*FILE, "--val_interval=5"),
        (*FILE, "--val-interval", "5", "-weights", "model.pt"),
        ("--config_file=story.json,other.json", "--recipe::epochs=4"),
        (*BOTH, "--recipe::epochs", "4", "--recipe::schedule", "None"),
        (*BOTH, "--recipe#epochs", "4"),
        (*FILE, "--recipe", "%other.json::recipe"),
        (*FILE, "--preset", "{'size': 'gpu', 'batch': 1}"),
        (*FILE, "--data", "read elsewhere"),
        (*FILE, "--train::handlers::0::interval", "3", "--data::folder", "elsewhere"),
        (*FILE, "--train::handlers::0::_disabled_", "True"),
        (*FILE, "--weights", "None"),
        (*FILE, "--workflow_type", "train"),
        ("--args_file", "args.json", "--preset::batch", "4"),
        (*FILE, "--tracking", "mlflow", "--experiment_name", "mine", "--tracking_uri", "sqlite:///a.db"),
    ],
)
def test_what_a_config_declares_or_monai_knows_passes(start, words):
    start("run", *words)
    refuse_unknown_overrides()


@pytest.mark.parametrize(
    ("words", "entry", "nearest"),
    [
        ((*FILE, "--val_intervall", "5"), "val_intervall", "val_interval"),
        ((*FILE, "--val_intervall=5"), "val_intervall", "val_interval"),
        (("check", *FILE, "--val-intervall", "5"), "val_intervall", "val_interval"),
        ((*BOTH, "--recipe::epoch", "4"), "recipe::epoch", "recipe::epochs"),
        ((*BOTH, "--recipe#epoch", "4"), "recipe::epoch", "recipe::epochs"),
        ((*FILE, "--interval", "4"), "interval", "val_interval"),
        ((*FILE, "--size", "gpu"), "size", "preset::size"),
        ((*FILE, "--weight", "None"), "weight", "weights"),
        ((*FILE, "--data::fold", "x"), "data::fold", "data::folder"),
        ((*FILE, "--preset::_disabled_", "True"), "preset::_disabled_", None),
        ((*FILE, "--experiment_name", "mine"), "experiment_name", None),
        (("--args_file", "misspelled.json"), "val_intervall", "val_interval"),
    ],
)
def test_an_override_that_no_config_declares_is_refused(start, words, entry, nearest):
    start("run", *words)
    with pytest.raises(ConfigError) as raised:
        refuse_unknown_overrides()
    assert str(raised.value).startswith(f"--{entry}: no config declares this entry; the nearest is --{nearest or ''}")


def test_an_override_that_monai_would_drop_is_refused(start):
    start("run", *FILE, "--preset::batch", "None")
    with pytest.raises(ConfigError, match=r"--preset::batch is None, .* so that 2 would count"):
        refuse_unknown_overrides()


@pytest.mark.parametrize("words", [(*FILE, "--preset", "gpu"), (*FILE, "--recipe", "pelvis_fcn"), (*FILE, "--train=1")])
def test_a_word_where_a_section_of_entries_has_to_be_is_refused(start, words):
    start("run", *words)
    with pytest.raises(ConfigError, match=r"would replace all entries below (preset|recipe|train); .*--config_file"):
        refuse_unknown_overrides()


@pytest.mark.parametrize(
    ("program", "words"),
    [("pytest", ("run", *FILE, "--no_such", "1")), (PROGRAM, ("verify_net_in_out", *FILE, "--no_such", "1"))],
)
def test_another_program_is_left_alone(start, program, words):
    start(*words, program=program)
    assert running_config() is None
    refuse_unknown_overrides()


def test_the_running_config_is_what_monai_runs(start):
    words = ("run", *BOTH, "--recipe::epochs", "4", "--data::folder", "my data")
    start(*words)
    run = running_config()
    workflow = monai.bundle.ConfigWorkflow(
        ["story.json", "other.json"], logging_file=False, **{"recipe::epochs": 4, "data::folder": "my data"}
    )
    workflow.parser.resolve_macro_and_relative_ids()
    expected = {key: value for key, value in workflow.parser.get().items() if key != "_meta_"}
    assert run.config == expected
    assert run.declared["recipe"]["epochs"] == 9
    assert run.command.startswith("python -m monai.bundle run --config_file") and run.command.endswith("'my data'")
