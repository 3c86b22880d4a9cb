import pytest

from rtcontour.phantom import draw_pelvis

SMALL = {"spacing_mm": (4.0, 5.0, 5.0), "columns_rows": (112, 88)}  # rectangular, anisotropic


@pytest.fixture(scope="session")
def draw():
    """Draw a small phantom, each seed once."""
    drawn = {}

    def once(seed, **changes):
        key = (seed, *sorted(changes.items()))
        if key not in drawn:
            drawn[key] = draw_pelvis(seed, **{**SMALL, **changes})
        return drawn[key]

    return once
