import numpy as np
import pytest
from matplotlib.image import imread

from rtcontour.evaluation.figures import (
    cut_gallery_item,
    draw_bland_altman,
    draw_distributions,
    draw_gallery,
    draw_method_comparison,
    draw_overlay,
    draw_volumes,
)
from rtcontour.evaluation.statistics.agreement import BlandAltman

FIGURES = {
    "distributions": lambda comparison, ct, path: draw_distributions(comparison, "dice", path),
    "methods": lambda comparison, ct, path: draw_method_comparison(
        comparison, "Bladder", path, p_values={("dice", "atlas"): 0.01}
    ),
    "volumes": lambda comparison, ct, path: draw_volumes(comparison, "Bladder", path),
    "agreement": lambda comparison, ct, path: draw_bland_altman(
        [9.0, 7.0], [8.0, 8.0], path, structure="Bladder", method="model", result=BlandAltman(2, False, 0.0)
    ),
    "overlay": lambda comparison, ct, path: draw_overlay(*ct, path, structure="Bladder"),
    "gallery": lambda comparison, ct, path: draw_gallery([cut_gallery_item(*ct, caption="c1\nDice\nMSD")], path),
}


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_touches_the_upper_and_the_lower_edge(tmp_path, comparison, ct, name):
    pixels = imread(FIGURES[name](comparison, ct, tmp_path / name)["png"])[..., :3]
    border = int(0.2 / 2.54 * 200)  # 0.2 cm of 200 dots per inch
    np.testing.assert_array_equal(pixels[:border], 1.0)
    np.testing.assert_array_equal(pixels[-border:], 1.0)
