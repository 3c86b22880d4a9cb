import torch

from rtcontour.dicom import read_structure_set


def test_a_ct_becomes_a_structure_set(rtcontour, tmp_path, tiny_ct, tiny_checkpoint, tiny_structures):
    out = tmp_path / "new" / "rs.dcm"
    result = rtcontour("contour", tiny_ct, out, "--weights", tiny_checkpoint)
    assert result.code == 0 and str(out) in result.out
    assert [roi.name for roi in read_structure_set(out).rois] == tiny_structures


def test_a_structure_that_was_not_found_is_said(rtcontour, tmp_path, tiny_ct, tiny_checkpoint):
    state = torch.load(tiny_checkpoint, weights_only=True)
    state["model"]["head.bias"][2] = -1000.0
    torch.save(state, tmp_path / "blind.pt")
    result = rtcontour("contour", tiny_ct, tmp_path / "rs.dcm", "--weights", tmp_path / "blind.pt")
    assert result.code == 0 and "structure-not-found" in result.err and "Rectum" in result.err


def test_an_existing_file_is_kept_unless_replaced(rtcontour, refused, tmp_path, tiny_ct, tiny_checkpoint):
    (tmp_path / "rs.dcm").write_text("mine")
    command = ("contour", tiny_ct, tmp_path / "rs.dcm", "--weights", tiny_checkpoint)
    assert "rs.dcm: exists already" in refused(*command)
    assert rtcontour(*command, "--replace").code == 0


def test_bad_input_is_one_line_and_leaves_nothing(refused, tmp_path, tiny_ct, tiny_checkpoint):
    out = tmp_path / "rs.dcm"
    (tmp_path / "empty").mkdir()
    assert str(tmp_path / "empty") in refused("contour", tmp_path / "empty", out, "--weights", tiny_checkpoint)
    assert "missing.pt: no such" in refused("contour", tiny_ct, out, "--weights", tmp_path / "missing.pt")
    assert "pelvis9.json: no such recipe" in refused("contour", tiny_ct, out, "--recipe", "pelvis9")
    line = refused("contour", tiny_ct, out, "--weights", tiny_checkpoint, "--device", "abacus")
    assert "device 'abacus' cannot be used here" in line
