import pytest

from rtcontour.datasets import write_image, write_labels


@pytest.fixture
def write_case(tmp_path, tiny_grid):
    """Writes image and label map, and gives the item that `monai_items` would make of them."""

    def write(hu, labels, *, annotated, label_values, label_grid=tiny_grid):
        image = write_image(tmp_path / "image.nii.gz", hu, tiny_grid)
        label = write_labels(tmp_path / "label.nii.gz", labels, label_grid)
        paths = {"image": str(image), "label": str(label)}
        return {"case": "c1", **paths, "annotated": annotated, "label_values": label_values}

    return write
