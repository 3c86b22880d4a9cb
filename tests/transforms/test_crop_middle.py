import numpy as np
import torch

from rtcontour.grid import Grid
from rtcontour.transforms import CropMiddled, IndexCentresd, image_tensor
from rtcontour.transforms.draw import Draw

GRID = Grid((30, 24, 40), (2.0, 2.0, 3.0), (0.0, 0.0, 0.0))


def case():
    """A body from (6, 4) to (21, 15) in all slices, and one organ."""
    hu = np.full(GRID.shape, -1000, np.int16, order="F")
    hu[6:22, 4:16] = 40
    labels = np.zeros(GRID.shape, np.uint8, order="F")
    labels[12:15, 8:11, 30:33] = 1
    item = {"image": image_tensor(hu, GRID, "i"), "label": image_tensor(labels, GRID, "l"), "case": "c1"}
    return IndexCentresd()({**item, "annotated": torch.tensor([True, True])})


def test_without_jitter_the_patch_lies_about_the_middle_of_the_body_and_of_the_top_slices():
    patch = CropMiddled((16, 12, 10), jitter=(0, 0, 0), top_slices=20)(case())
    assert patch["image"].shape == patch["label"].shape == patch["weight"].shape == (1, 16, 12, 10)
    expected = case()["image"][:, 5:21, 3:15, 25:35]
    assert torch.equal(patch["image"], expected.as_tensor())
    assert set(patch) == {"image", "label", "weight", "annotated", "case"}


def test_it_moves_by_at_most_the_jitter():
    crop = CropMiddled((8, 8, 8), jitter=(2, 0, 3), top_slices=20)
    crop.set_random_state(seed=0)
    places = set()
    for _ in range(60):
        organ = crop(case())["label"][0].nonzero()
        places.add(tuple((organ.amin(0) if len(organ) else torch.full((3,), -1)).tolist()))
    first = {place[0] for place in places}
    assert len(first) == 5 and max(first) - min(first) == 4
    assert len({place[1] for place in places}) == 1


def test_beyond_a_small_scan_there_is_air_without_weight():
    patch = CropMiddled((40, 40, 60), jitter=(0, 0, 0))(case())
    assert patch["image"].shape == (1, 40, 40, 60)
    outside = patch["weight"] == 0
    assert outside.sum() == 40 * 40 * 60 - 30 * 24 * 40
    assert (patch["image"][outside] == -1000).all() and (patch["label"][outside] == 0).all()


def test_on_other_voxels_it_lies_about_the_same_middle():
    """Voxels of 4 x 4 x 6 mm on a scan of 2 x 2 x 3 mm: every second one about the same middle (13, 9, 30)."""
    crop = CropMiddled((8, 6, 6), jitter=(0, 0, 0), top_slices=10, spacing_mm=(4.0, 4.0, 6.0))
    expected = case()["image"].as_tensor()[:, 5:21:2, 3:15:2, 24:36:2]
    assert torch.equal(crop(case())["image"], expected)


def test_a_draw_gives_the_same_crop_again_and_no_jitter_where_it_wants_none():
    crop, data = CropMiddled((8, 8, 8)), case()
    noise = torch.Generator().manual_seed(0)
    data["image"] = data["image"] + torch.randint(0, 50, data["image"].shape, dtype=torch.int16, generator=noise)
    images = [crop({**data, "draw": Draw(0, (0, number))})["image"] for number in range(9)]
    again = [crop({**data, "draw": Draw(0, (0, number))})["image"] for number in range(9)]
    assert all(torch.equal(one, other) for one, other in zip(images, again, strict=True))
    assert len({image.numpy().tobytes() for image in images}) > 5
    still = [crop({**data, "draw": Draw(0, (0, number), augment=False)})["image"] for number in range(3)]
    assert torch.equal(still[0], still[1]) and torch.equal(still[1], still[2])
