"""The same as processes of their own, a few only: each takes seconds to import MONAI."""

import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

TRAIN, INFERENCE = "configs/train.json", "configs/inference.json"


@pytest.fixture(scope="module")
def ended(tmp_path_factory, run_process, tiny_data_set, tiny_checkpoint, tiny_ct, recipe, preset):
    """Every process of this file, run two at a time: name -> (result, output folder)."""
    folder = tmp_path_factory.mktemp("processes")
    broken = shutil.copytree(tiny_data_set, folder / "broken")
    image = broken / "images" / "c3.nii.gz"
    image.write_bytes(image.read_bytes()[:2000])
    train, infer = [TRAIN, recipe, preset], [INFERENCE, recipe]
    head_neck = [INFERENCE, "configs/recipes/head_neck_7_fcn.json"]
    processes = {
        "missing": (train, {}, {"dataset_dir": folder / "nowhere"}),
        "debug": (train, {"RTCONTOUR_DEBUG": "1"}, {"dataset_dir": folder / "nowhere"}),
        "worker": (train, {}, {"dataset_dir": broken, "validate::dataloader::num_workers": 1}),
        "weights": (head_neck, {}, {"dataset_dir": tiny_ct, "checkpoint": tiny_checkpoint}),
        "good": (infer, {}, {"dataset_dir": tiny_ct, "checkpoint": tiny_checkpoint}),
    }

    def run(name):
        configs, environment, options = processes[name]
        output = folder / name
        return run_process(configs, environment, output_dir=output, **options), output

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(processes, pool.map(run, processes), strict=True))


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("missing", "nowhere/datalist.json: cannot be read"),
        ("worker", "images/c3.nii.gz: "),
        ("weights", "tiny.pt: was trained for ['Bladder', 'Rectum']"),
    ],
)
def test_bad_input_ends_in_one_line_and_exit_code_1(ended, name, line):
    result, output = ended[name]
    last = result.stderr.rstrip("\n").rpartition("\n")[2]
    assert result.returncode == 1
    assert last.startswith("rtcontour: ") and line in last
    assert result.stderr.count("rtcontour: ") == 1 and "Traceback" not in result.stdout + result.stderr
    assert not list(output.rglob("*.pt")) + list(output.rglob("*.partial*"))


def test_debugging_shows_where_it_happened(ended):
    result, _ = ended["debug"]
    assert result.returncode == 1
    assert "Traceback" in result.stderr and "rtcontour.errors.DataSetError" in result.stderr


def test_a_good_run_says_nothing_of_ours_on_stderr(ended):
    result, output = ended["good"]
    assert result.returncode == 0, result.stderr
    assert "case 1/1: ct" in result.stdout and "rtcontour: " not in result.stderr
    assert {path.name for path in output.iterdir()} == {"ct.nii.gz", "ct.dcm", "labels.json"}
