import pytest
import torch
from monai.data import MetaTensor

from rtcontour.transforms import WindowHud, window_hu


@pytest.mark.parametrize(
    ("hu", "value"), [(-2000, -1.0), (-800, -1.0), (-400, -0.5), (0, 0.0), (80, 0.1), (800, 1.0), (3000, 1.0)]
)
def test_the_window_of_sartor_divides_by_800(hu, value):
    assert window_hu(torch.tensor([hu], dtype=torch.int16), (-800, 800)).item() == pytest.approx(value, abs=1e-6)


def test_a_lopsided_window_is_scaled_to_the_same_range():
    hu = torch.tensor([-200, -160, 40, 240, 300], dtype=torch.int16)
    assert torch.allclose(window_hu(hu, (-160, 240)), torch.tensor([-1.0, -1.0, 0.0, 1.0, 1.0]), atol=1e-6)


def test_images_come_out_as_float32_and_the_rest_stays():
    affine = torch.diag(torch.tensor([2.0, 3.0, 4.0, 1.0], dtype=torch.float64))
    image = MetaTensor(torch.full((1, 2, 3, 4), 400, dtype=torch.int16), affine=affine)
    item = {"image": image, "label": torch.ones(1, 2, 3, 4)}
    out = WindowHud("image", (-800, 800))(item)
    assert out["image"].dtype == torch.float32 and torch.all(out["image"] == 0.5)
    assert torch.equal(out["image"].affine, affine)
    assert out["label"] is item["label"]
    assert torch.all(item["image"] == 400)
