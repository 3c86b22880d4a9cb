import json
import shutil
from types import SimpleNamespace

import monai.bundle
import pytest
from ignite.engine import Engine, Events

from rtcontour.datasets import read_datalist
from rtcontour.errors import CheckpointError
from rtcontour.training import SaveBest
from rtcontour.training.manifest import RunManifest, describe_data_set


@pytest.fixture
def run(tmp_path, tiny_data_set, monkeypatch):
    """Trains some epochs of nothing, each "validated" with its own number as Dice; gives what the file said when."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr("rtcontour.training.manifest.time.monotonic", lambda: clock.now)

    def train(epochs, state=None, scores=(0.2, 0.5, 0.3, 0.4)):
        best = SaveBest(tmp_path / "model.pt", {}, "mean_dice")
        manifest = RunManifest(
            tmp_path / "manifest.json", read_datalist(tiny_data_set), recipe="tiny", seed=7, best=best
        )
        said = []

        def validate(engine):
            clock.now += 10
            engine.state.metrics = {"mean_dice": scores[engine.state.epoch - 1]}
            best(engine)

        def listen(engine):
            said.append(json.loads(manifest.path.read_text()))

        trainer = Engine(lambda *_: None)
        trainer.add_event_handler(Events.EPOCH_COMPLETED, validate)
        manifest.attach(trainer)
        for event in (Events.STARTED, Events.EPOCH_COMPLETED, Events.COMPLETED):
            trainer.add_event_handler(event, listen)
        if state:
            best.load_state_dict(state["best"])
            manifest.load_state_dict(state["manifest"])
            trainer.load_state_dict(state["trainer"])
        trainer.run([0], max_epochs=epochs)
        parts = {"best": best, "manifest": manifest, "trainer": trainer}
        return said, {name: part.state_dict() for name, part in parts.items()}

    train.clock = clock
    return train


def test_it_is_there_from_the_start_and_up_to_date_after_each_epoch(run):
    said, _ = run(3)
    assert [(one["status"], one["epochs"], one["seconds"]) for one in said] == [
        ("running", 0, 0), ("running", 1, 10), ("running", 2, 20), ("running", 3, 30), ("finished", 3, 30),
    ]  # fmt: skip
    assert [one["best"] and one["best"]["epoch"] for one in said] == [None, 1, 2, 2, 2]
    assert said[-1]["best"] == {"metric": "mean_dice", "value": 0.5, "epoch": 2}
    assert said[-1]["of_epochs"] == 3 and said[-1]["seed"] == 7 and said[-1]["recipe"] == "tiny"


def test_a_resumed_run_counts_on(run):
    before, state = run(2)
    run.clock.now += 1000  # between the two nothing runs
    after, _ = run(4, state)
    assert [(one["epochs"], one["seconds"], one["resumed"]) for one in after] == [
        (2, 20, 1), (3, 30, 1), (4, 40, 1), (4, 40, 1),
    ]  # fmt: skip
    assert {one["started"] for one in before + after} == {before[0]["started"]}
    assert after[-1]["best"] == {"metric": "mean_dice", "value": 0.5, "epoch": 2}


@pytest.mark.parametrize(("name", "value"), [("seed", 8), ("data_set", "another")])
def test_a_run_does_not_go_on_with_other_patches(run, name, value):
    _, state = run(1)
    state["manifest"][name] = value
    with pytest.raises(CheckpointError, match=rf"last\.pt: its run has {name} {value}, this one .*--weights"):
        run(2, state)


@pytest.fixture
def command(tmp_path, monkeypatch):
    """As if MONAI ran a story with this recipe and preset."""

    def start(recipe, preset):
        (tmp_path / "story.json").write_text(json.dumps({"recipe": recipe, "preset": preset}))
        words = ["run", "--config_file", str(tmp_path / "story.json")]
        monkeypatch.setattr("sys.argv", [f"{monai.bundle.__path__[0]}/__main__.py", *words])

    return start


RECIPE = {"epochs": "$@preset::cycles", "batch": None, "optimizer": {"lr": 0.1, "_desc_": "small"}, "handlers": []}
SIZES = {"batch": 2, "accumulate": 2, "workers": 0, "cycles": 2}


@pytest.mark.parametrize(
    ("recipe", "preset", "said"),
    [
        ({"optimizer": {"lr": 0.2}}, {}, "recipe::optimizer"),
        ({"loss": "other"}, {}, "recipe::loss other|recipe::loss None"),
        ({}, {"accumulate": 3}, "patches an update 4, this one 6"),
        ({"batch": 7}, {}, "recipe::batch None, this one 7"),
    ],
)
def test_a_run_does_not_go_on_by_another_recipe(run, command, recipe, preset, said):
    command(RECIPE, SIZES)
    _, state = run(1)
    command(RECIPE | recipe, SIZES | preset)
    with pytest.raises(CheckpointError, match=rf"last\.pt: its run has ({said}).*--weights"):
        run(2, state)


def test_a_run_goes_on_for_longer_and_on_another_machine(run, command):
    command(RECIPE, SIZES)
    _, state = run(1)
    command(RECIPE | {"epochs": 9, "handlers": [1]}, SIZES | {"batch": 1, "accumulate": 4, "workers": 2, "cycles": 5})
    run(2, state)
    state["manifest"].pop("learns_by")  # as an older version left it
    run(2, state)


def test_it_names_versions_and_no_place_of_this_machine(run, tmp_path, tiny_data_set):
    said, _ = run(1)
    assert set(said[0]["versions"]) == {"python", "rtcontour", "torch", "monai", "pytorch-ignite", "numpy", "numba"}
    assert said[0]["data_set"]["cases"] == {"training": 2, "validation": 1, "test": 1}
    assert said[0]["hardware"]["cores"] >= 1 and said[0]["command"] is None
    assert str(tiny_data_set) not in json.dumps(said) and str(tmp_path) not in json.dumps(said)


def test_it_holds_the_command_and_the_merged_config(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "story.json").write_text(json.dumps({"recipe": "%recipe.json::recipe", "seed": 0}))
    (tmp_path / "recipe.json").write_text(json.dumps({"recipe": {"epochs": 50}}))
    program = f"{monai.bundle.__path__[0]}/__main__.py"
    monkeypatch.setattr("sys.argv", [program, "run", "--config_file", "story.json", "--seed", "7"])
    said, _ = run(1)
    assert said[0]["command"] == "python -m monai.bundle run --config_file story.json --seed 7"
    assert said[0]["config"] == {"recipe": {"epochs": 50}, "seed": 7}


def test_the_hash_follows_what_is_in_the_data_set_and_not_where_it_lies(tiny_data_set, tmp_path):
    def hashed(folder):
        return describe_data_set(read_datalist(folder))["sha256"]

    copy = shutil.copytree(tiny_data_set, tmp_path / "copy")
    assert hashed(copy) == hashed(tiny_data_set)
    image = copy / "images" / "c3.nii.gz"
    image.write_bytes(image.read_bytes() + b"\0")
    assert hashed(copy) != hashed(tiny_data_set)
    shutil.copy(tiny_data_set / "images" / "c3.nii.gz", image)
    datalist = copy / "datalist.json"
    datalist.write_text(datalist.read_text().replace('"tiny"', '"other"'))
    assert hashed(copy) != hashed(tiny_data_set)
