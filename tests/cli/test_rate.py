import json

import pytest

from rtcontour.datasets import write_image, write_labels


@pytest.fixture
def places(tmp_path, tiny_patient, tiny_grid):
    """Contours of a model and of a colleague, and the CT."""
    hu, labels = tiny_patient()
    write_image(tmp_path / "ct" / "c1.nii.gz", hu, tiny_grid)
    for name in ("model", "colleague"):
        write_labels(tmp_path / name / "c1.nii.gz", labels, tiny_grid)
        (tmp_path / name / "labels.json").write_text(json.dumps({"Bladder": 1, "Rectum": 2}))
    return tmp_path


def test_pages_and_key_are_written_and_told(rtcontour, places):
    out = places / "study"
    arguments = (
        places / "model",
        places / "ct",
        out,
        "--name",
        "network",
        "--against",
        f"human={places / 'colleague'}",
    )
    result = rtcontour("rate", *arguments, "--structures", "Rectum", "--seed", 4)
    assert result.code == 0 and "1 studies" not in result.out
    assert str(out / "pages") in result.out and "key.json" in result.out
    assert {path.name for path in (out / "pages").iterdir()} == {"S01.html", "index.html"}
    key = json.loads((out / "key.json").read_text())
    assert (key["methods"], key["seed"]) == (["network", "human"], 4)
    assert [one["structures"] for one in key["studies"]["S01"]["sets"].values()] == [["Rectum"], ["Rectum"]]


def test_an_existing_folder_is_kept_unless_replaced(rtcontour, refused, places):
    (places / "out").mkdir()
    (places / "out" / "mine.txt").write_text("mine")
    arguments = ("rate", places / "model", places / "ct", places / "out")
    assert "out: exists already" in refused(*arguments)
    assert rtcontour(*arguments, "--replace").code == 0
    assert not (places / "out" / "mine.txt").exists()


def test_inputs_are_never_replaced(refused, places):
    assert "would be replaced with it" in refused("rate", places / "model", places / "ct", places, "--replace")
    assert (places / "model" / "c1.nii.gz").is_file() and (places / "ct" / "c1.nii.gz").is_file()


def test_without_a_seed_the_order_is_a_secret(rtcontour, places):
    seeds = set()
    for out in (places / "one", places / "two"):
        assert rtcontour("rate", places / "model", places / "ct", out).code == 0
        seeds.add(json.loads((out / "key.json").read_text())["seed"])
    assert len(seeds) == 2


def test_bad_input_is_one_line_and_leaves_nothing(refused, places):
    (places / "empty").mkdir()
    assert "empty" in refused("rate", places / "empty", places / "ct", places / "out")
    assert "empty" in refused("rate", places / "model", places / "empty", places / "out")
    assert "nowhere" in refused("rate", places / "model", places / "nowhere", places / "out")
    assert "Larynx" in refused("rate", places / "model", places / "ct", places / "out", "--structures", "Larynx")


@pytest.mark.parametrize("against", ["colleague", "=colleague", "human=", "human=a human=b"])
def test_against_takes_a_name_and_a_place(rtcontour, places, against):
    options = [word for value in against.split() for word in ("--against", value)]
    result = rtcontour("rate", places / "model", places / "ct", places / "out", *options)
    assert result.code == 2 and "--against" in result.err
