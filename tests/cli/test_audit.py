import json


def test_an_audit_is_written_beside_the_data_and_told(rtcontour, write_tiny_data_set, tmp_path):
    folder = write_tiny_data_set(tmp_path / "data_set")
    result = rtcontour("audit", folder, "--workers", 1)
    assert result.code == 0 and str(folder / "audit" / "audit.html") in result.out
    assert len(json.loads((folder / "audit" / "audit.json").read_text())["cases"]) == 4


def test_output_review_and_replace_are_honoured(rtcontour, write_tiny_data_set, tmp_path):
    folder, out = write_tiny_data_set(tmp_path / "data_set"), tmp_path / "elsewhere"
    (tmp_path / "review.csv").write_text("case;structure;decision\nc1;;exclude\n")
    arguments = ("audit", folder, "--output", out, "--review", tmp_path / "review.csv", "--workers", 1)
    assert rtcontour(*arguments).code == 0
    assert not (folder / "audit").exists()
    assert [row["case"] for row in json.loads((out / "audit.json").read_text())["cases"]].count("c1") == 0
    again = rtcontour(*arguments)
    assert again.code == 1 and "exists already" in again.err
    assert rtcontour(*arguments, "--replace").code == 0


def test_bad_input_is_one_line_and_leaves_nothing(refused, tmp_path):
    assert "datalist.json" in refused("audit", tmp_path)
    (tmp_path / "review.csv").write_text("case\n")
    assert "datalist.json" in refused("audit", tmp_path, "--review", tmp_path / "review.csv")
