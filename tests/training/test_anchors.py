import json
import re

import numpy as np
import pytest

from rtcontour.datasets import read_datalist, write_labels
from rtcontour.errors import ConfigError
from rtcontour.networks import RecomiaFCN, UaNet
from rtcontour.training import check_anchors, print_anchors


def network(anchors):
    return UaNet(classes=3, anchors=anchors, border=(0, 0, 0))


def told(capsys):
    share, organs, placed = re.search(
        r"anchors: ([\d.]+) of (\d+) organs have the shape of one, ([\d.]+) meet one in its place",
        capsys.readouterr().out,
    ).groups()
    return float(share), int(organs), float(placed)


@pytest.fixture
def blocks(tmp_path, tiny_grid, write_tiny_data_set):
    """The tiny data set with organs that are blocks: 8 x 8 x 8 and, in the first case only, 4 x 12 x 6 voxels."""
    folder = write_tiny_data_set(tmp_path / "blocks")
    for case in ("c1", "c2"):
        labels = np.zeros(tiny_grid.shape, np.uint8, order="F")
        labels[8:16, 8:16, 8:16] = 1
        labels[20:24, 8:20, 6:12] = 2  # in c2 nobody contoured it, so it is no organ there
        write_labels(folder / "labels" / f"{case}.nii.gz", labels, tiny_grid, replace=True)
    return read_datalist(folder)


def test_shape_and_place_of_every_contoured_organ_are_counted(blocks, tiny_structures, capsys):
    check_anchors(network([[8, 8, 8], [4, 12, 6]]), blocks, tiny_structures, None)
    share, organs, placed = told(capsys)
    assert (share, organs) == (1, 3)
    assert placed == pytest.approx(2 / 3, abs=1e-3)  # the blocks lie on anchors, 4 x 12 x 6 between two


def test_the_organs_are_seen_on_the_voxels_of_the_recipe(blocks, tiny_structures, capsys):
    check_anchors(network([[16, 20, 16], [8, 30, 12]]), blocks, tiny_structures, [1.0, 1.0, 2.0])
    assert told(capsys)[:2] == (1, 3)


def test_anchors_that_miss_the_organs_are_refused_with_the_way_out(blocks, tiny_structures):
    with pytest.raises(ConfigError, match=r"only 0.667 of the organs .* 0.95 are needed; .*--run_id anchors"):
        check_anchors(network([[8, 8, 8]]), blocks, tiny_structures, None)


def test_fitted_anchors_pass(blocks, tiny_structures, capsys):
    print_anchors(network([[50, 50, 50], [60, 60, 60]]), blocks, tiny_structures, None)
    fitted = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert fitted == [[4, 12, 6], [8, 8, 8]]
    check_anchors(network(fitted), blocks, tiny_structures, None)


def test_a_network_without_anchors_has_nothing_to_check_and_none_to_print(blocks, tiny_structures, capsys):
    check_anchors(RecomiaFCN(classes=3), blocks, tiny_structures, None)
    assert capsys.readouterr().out == ""
    with pytest.raises(ConfigError, match="RecomiaFCN has no anchors"):
        print_anchors(RecomiaFCN(classes=3), blocks, tiny_structures, None)


def test_a_data_set_whose_contours_are_all_empty_is_refused(tmp_path, tiny_grid, write_tiny_data_set, tiny_structures):
    folder = write_tiny_data_set(tmp_path / "empty")
    for case in ("c1", "c2"):
        empty = np.zeros(tiny_grid.shape, np.uint8, order="F")
        write_labels(folder / "labels" / f"{case}.nii.gz", empty, tiny_grid, replace=True)
    with pytest.raises(ConfigError, match="no training case shows an organ"):
        check_anchors(network([[8, 8, 8]]), read_datalist(folder), tiny_structures, None)
