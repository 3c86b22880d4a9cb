import pytest

from rtcontour.errors import ConfigError, OutputError
from rtcontour.networks import merged_background_nll
from rtcontour.training import Batching, NetworkLosses, check_flags, check_settings, check_start

PRESET = {"size": "cpu", "batch": 1, "accumulate": 1, "iterations": 2}
SETTINGS = {
    "structures": ["Bladder"],
    "spacing_mm": None,
    "window_hu": [-800, 800],
    "patch": [136, 136, 72],
    "tile": [136, 136, 72],
    "batch": None,
    "epochs": 5,
    "choose_by": "mean_dice",
    "loss": merged_background_nll,
    "preset": PRESET,
    "val_interval": 5,
}


def test_sound_settings_pass():
    check_settings(**SETTINGS)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("structures", "Bladder"),
        ("spacing_mm", [1.0, 3.0]),
        ("spacing_mm", [1.0, 1.0, 0.0]),
        ("spacing_mm", "2 mm"),
        ("window_hu", [800, -800]),
        ("window_hu", [0, 0]),
        ("window_hu", [-800]),
        ("window_hu", "wide"),
        ("patch", [136, 136]),
        ("patch", [136, 136, 0]),
        ("patch", [136, 136, 7.5]),
        ("tile", [136, 136]),
        ("tile", [136, 136, 0]),
        ("batch", 0),
        ("choose_by", "luck"),
        ("epochs", 0),
        ("epochs", "many"),
    ],
)
def test_an_impossible_value_of_a_recipe_is_named_with_what_is_expected(key, value):
    with pytest.raises(ConfigError, match=rf"recipe::{key} is .*; expected "):
        check_settings(**{**SETTINGS, key: value})


@pytest.mark.parametrize("key", ["batch", "accumulate", "iterations"])
@pytest.mark.parametrize("value", [0, 1.5, None])
def test_an_impossible_value_of_a_preset_is_named(key, value):
    with pytest.raises(ConfigError, match=rf"preset::{key} is "):
        check_settings(**{**SETTINGS, "preset": {**PRESET, key: value}})


@pytest.mark.parametrize("workers", [-1, 1.5, True, "two", None])
def test_workers_are_a_whole_number(workers):
    check_settings(**{**SETTINGS, "preset": {**PRESET, "workers": 0}})
    with pytest.raises(ConfigError, match=r"preset::workers is .*; expected a whole number from 0"):
        check_settings(**{**SETTINGS, "preset": {**PRESET, "workers": workers}})


@pytest.mark.parametrize("interval", [0, 6])
def test_a_training_that_would_never_save_a_model_is_refused(interval):
    with pytest.raises(ConfigError, match=r"val_interval is .* from 1 to the 5 epochs"):
        check_settings(**{**SETTINGS, "val_interval": interval})


def test_a_word_is_no_flag():
    check_flags(resume=False, replace=True)
    with pytest.raises(ConfigError, match="resume is 'false'; say --resume True or --resume False"):
        check_flags(resume="false")


@pytest.mark.parametrize("name", ["last.pt", "model.pt"])
def test_an_earlier_training_is_neither_lost_nor_taken_up_unasked(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(OutputError, match=rf"{name}: an earlier training is there; .*--resume True.*--replace True"):
        check_start(tmp_path, resume=False, weights=None, replace=False)
    check_start(tmp_path, resume=True, weights=None, replace=False)
    check_start(tmp_path, resume=False, weights=None, replace=True)
    check_start(tmp_path / "elsewhere", resume=False, weights=None, replace=False)


def test_weights_come_from_one_place_only(tmp_path):
    with pytest.raises(ConfigError, match="leave one of them out"):
        check_start(tmp_path, resume=True, weights="models/model.pt", replace=False)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("output_dir", "", "output_dir is ''; expected a folder"),
        ("output_dir", 5, "output_dir is 5; expected a folder"),
        ("weights", "", "weights is ''; expected a checkpoint"),
        ("weights", True, "weights is True; expected a checkpoint"),
        ("mlflow", "yes", "mlflow is 'yes'; say --mlflow True"),
    ],
)
def test_a_start_with_what_is_no_file_and_no_flag_is_refused(tmp_path, key, value, said):
    options = {"output_dir": tmp_path / "new", "resume": False, "weights": None, "replace": False, "mlflow": False}
    check_start(**options)
    with pytest.raises(ConfigError, match=said):
        check_start(**{**options, key: value})


def test_a_loss_cannot_choose_where_the_network_judges_itself():
    check_settings(**{**SETTINGS, "loss": NetworkLosses()})
    with pytest.raises(ConfigError, match="recipe::choose_by is 'loss'; expected mean_dice"):
        check_settings(**{**SETTINGS, "loss": NetworkLosses(), "choose_by": "loss"})


def test_parts_of_sizes_may_be_left_to_the_scan():
    check_settings(**{**SETTINGS, "spacing_mm": [2.0, 2.0, None], "tile": [None, None, 16], "choose_by": "loss"})
    check_settings(**{**SETTINGS, "tile": None, "batch": 4})


def test_the_preset_divides_an_update_unless_the_recipe_says_its_size():
    preset = {"size": "gpu", "batch": 5, "accumulate": 2, "iterations": 250}
    assert Batching.of(preset, None) == Batching(update=10, micro_batch=5, iterations=250)
    assert Batching.of(preset, 4) == Batching(update=4, micro_batch=4, iterations=250)
