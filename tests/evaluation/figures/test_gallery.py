import re

import numpy as np

from rtcontour.evaluation.figures import cut_gallery_item, draw_gallery
from rtcontour.mask import Mask


def test_an_item_holds_one_plane_and_lets_go_of_the_ct(ct):
    hu, grid, predicted, truth = ct
    item = cut_gallery_item(hu, grid, predicted, truth, caption="c1")
    assert item.view.box[2] == slice(5, 6)
    assert item.hu.shape == item.predicted.shape == item.truth.shape
    np.testing.assert_array_equal(item.hu, item.view.cut(hu))
    assert not np.shares_memory(item.hu, hu)
    assert (item.predicted.sum(), item.truth.sum()) == (11 * 8, 10 * 8)


def test_every_item_is_drawn_with_its_caption(tmp_path, ct):
    hu, grid, predicted, truth = ct
    empty = Mask(grid, (0, 0, 0), np.zeros((0, 0, 0), bool))
    items = [
        cut_gallery_item(hu, grid, p, truth, caption=f"case {n}\nDice") for n, p in enumerate([predicted, empty] * 3)
    ]
    text = draw_gallery(items, tmp_path / "g")["svg"].read_text()
    assert all(f"<!-- case {n} -->" in text for n in range(6))
    assert text.count('id="truth"') == 6 and text.count('id="predicted"') == 3


def test_a_long_caption_is_wrapped_and_a_case_of_nothing_drawn(tmp_path, ct):
    hu, grid, *_ = ct
    empty = Mask(grid, (0, 0, 0), np.zeros((0, 0, 0), bool))
    item = cut_gallery_item(hu, grid, empty, empty, caption="a caption of many words that cannot stand in one line")
    text = draw_gallery([item], tmp_path / "g")["svg"].read_text()
    lines = re.findall("<!-- (.*) -->", text)
    assert "a caption of many words" not in lines and any(line.startswith("a caption") for line in lines)
    assert max(map(len, lines)) < 35


def test_no_items_no_sheet(tmp_path):
    assert draw_gallery([], tmp_path / "g") is None
