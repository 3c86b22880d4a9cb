"""draw_head_neck: one synthetic head-and-neck patient, CT and the 28 structures of Tang 2019, from a seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects

from rtcontour.grid import Grid
from rtcontour.mask import Mask
from rtcontour.phantom.framing import back_mm, canvas_over, sampling_stride, to_mask
from rtcontour.phantom.habits import contour_by_habit, draw_habit
from rtcontour.phantom.head_airway import paint_larynx, paint_nose, paint_pharynx, paint_trachea
from rtcontour.phantom.head_brain import paint_brain, paint_sella
from rtcontour.phantom.head_chest import paint_chest
from rtcontour.phantom.head_eyes import paint_eyes
from rtcontour.phantom.head_glands import paint_glands, paint_sublingual_glands
from rtcontour.phantom.head_jaw import claim_joints, claim_mouth, paint_mandible, paint_mouth
from rtcontour.phantom.head_muscles import paint_neck
from rtcontour.phantom.head_painter import HEAD_NECK_28, OWNER, HeadPainter, suffix
from rtcontour.phantom.head_skull import cranial_cavity, paint_skull, paint_teeth
from rtcontour.phantom.head_spine import paint_plexus, paint_spine
from rtcontour.phantom.head_surface import body_reach, paint_surface
from rtcontour.phantom.patient import draw_patient, stream
from rtcontour.phantom.phantom import Phantom, describe
from rtcontour.phantom.pose import draw_pose
from rtcontour.phantom.scanner import draw_scanner, scan
from rtcontour.phantom.shapes import Ellipsoid

PROTOCOLS = [  # spacing in mm and how often
    ((0.9765625, 0.9765625, 2.5), 0.75),
    ((1.171875, 1.171875, 3.0), 0.25),
]
TOP_MM, CARINA_MM = 127.0, -243.0  # heights of the patient of average size
MIDDLE_MM = -35.0  # what few slices stay around: eyes to larynx
NEAREST_MM = np.array([95.0, 115.0])  # half width and depth of the head that are kept in the field of view
FINE_HAND = 0.5  # shifts are this much smaller than in the pelvis: most of the organs are
QUIET = 0.6  # planning CTs of the head are less noisy than those of the pelvis
EAR = Ellipsoid((44, 4, 3), (15, 9, 9.5))


def draw_head_neck(
    seed: int,
    *,
    spacing_mm: tuple[float, float, float] | None = None,
    slices: int | None = None,
    columns_rows: tuple[int, int] | None = None,
) -> Phantom:
    """Draw a patient from a seed, from the top of the skull to the carina: anatomy, scan and contours.

    The masks are those of `HEAD_NECK_28`, none of which overlap (an eye's is without its lens), and "External".

    Args:
        seed: everything left None below is drawn from it.
        spacing_mm: voxel size along i, j, k.
        slices: how many; few stay between eyes and larynx.
        columns_rows: matrix, 512 x 512 by default; a small one at a large spacing draws quickly.

    Returns:
        The phantom; structures outside of the slices drawn, or too small for the voxels, are empty masks.
    """
    patient = draw_patient(seed)
    size = 1 + 0.6 * (patient.scale - 1)  # heads vary less than trunks
    rng = stream(seed, "scan")
    grid, origin = _draw_grid(rng, size, spacing_mm, slices, columns_rows)
    pose = draw_pose(rng, origin, size)
    start, canvas = canvas_over(grid, pose, body_reach(patient, size), stream(seed, "texture"))
    painter = HeadPainter.over(canvas, patient)
    external = _paint(painter)
    scanner = draw_scanner(rng)
    scanner = replace(scanner, noise_hu=QUIET * scanner.noise_hu)
    back = back_mm(external, start, grid)
    hu = scan(canvas.hu, sampling_stride(grid), start, grid, scanner, back, stream(seed, "noise"))
    masks = _masks(painter.owner, start, grid) | {"External": to_mask(external, start, grid)}
    habit = draw_habit(stream(seed, "habit"), list(masks), patient.contrast)
    habit = replace(habit, shift_mm=FINE_HAND * habit.shift_mm, jitter_mm=FINE_HAND * habit.jitter_mm)
    contoured = contour_by_habit(masks, habit, stream(seed, "hand"))
    return Phantom(seed, grid, hu, masks, contoured, describe(patient, grid, habit, scanner))


def _draw_grid(
    rng: np.random.Generator,
    size: NDArray[np.float64],
    spacing_mm: tuple[float, float, float] | None,
    slices: int | None,
    columns_rows: tuple[int, int] | None,
) -> tuple[Grid, NDArray[np.float64]]:
    """The voxels, and where the anatomical origin (between the ear canals) lies."""
    drawn = PROTOCOLS[rng.choice(len(PROTOCOLS), p=[share for _, share in PROTOCOLS])][0]
    spacing = drawn if spacing_mm is None else spacing_mm
    columns, rows = columns_rows or (512, 512)
    above, below = TOP_MM * size[2] + rng.uniform(3, 15), -CARINA_MM * size[2] + rng.uniform(0, 12)
    count = slices or int((above + below) / spacing[2])
    if slices is not None and slices * spacing[2] < above + below:
        half_mm = slices * spacing[2] / 2
        below = float(np.clip(half_mm - MIDDLE_MM, 2 * half_mm - above, below))
    half = np.array([columns * spacing[0], rows * spacing[1]]) / 2
    room = np.maximum(half - NEAREST_MM, 0)
    centre = np.clip([rng.normal(0, 8), rng.uniform(-30, 30)], -room, room)
    origin = (-half[0] + spacing[0] / 2, -half[1] + spacing[1] / 2, float(np.round(rng.uniform(-900, 300))))
    return Grid((columns, rows, count), spacing, origin), np.array([*centre, origin[2] + below])


def _paint(painter: HeadPainter) -> NDArray[np.bool_]:
    """Paint the patient from the skin inwards; gives the outside of the body."""
    skin = paint_surface(painter)
    paint_neck(painter, skin)
    paint_chest(painter)
    paint_plexus(painter)
    paint_glands(painter)
    paint_mouth(painter)
    paint_sublingual_glands(painter)
    cavity = cranial_cavity(painter)
    paint_brain(painter, cavity)
    paint_skull(painter, cavity)
    paint_mandible(painter)
    paint_teeth(painter)
    paint_nose(painter)
    paint_pharynx(painter)
    paint_eyes(painter)
    paint_sella(painter)
    paint_trachea(painter)
    paint_larynx(painter)
    paint_spine(painter)
    claim_mouth(painter)
    claim_joints(painter)
    _claim_ears(painter)
    external = skin < 0
    painter.owner[~external] = OWNER[""]
    return external


def _claim_ears(painter: HeadPainter) -> None:
    """Middle and inner ear in the petrous bone."""
    rng = stream(painter.patient.seed, "ears")
    for side in (1, -1):
        a, b, c = (float(axis * rng.normal(1, 0.05)) for axis in EAR.semi_axes)
        x, y, z = EAR.centre
        painter.claim(Ellipsoid((side * x, y, z), (a, b, c)), f"Ear{suffix(side)}")


def _masks(owner: NDArray[np.uint8], start: tuple[int, int, int], grid: Grid) -> dict[str, Mask]:
    """The samples at the slice centres as one mask a structure."""
    centred = owner[:, :, 1:-1:2] if sampling_stride(grid) == 2 else owner
    boxes = find_objects(centred, max_label=len(HEAD_NECK_28))
    masks = {}
    for name, box in zip(HEAD_NECK_28, boxes, strict=True):
        if box is None:
            masks[name] = Mask(grid, (0, 0, 0), np.zeros((0, 0, 0), np.bool_))
            continue
        first = tuple(s.start + a for s, a in zip(box, start, strict=True))
        masks[name] = Mask(grid, first, np.asfortranarray(centred[box] == OWNER[name]))
    return masks
