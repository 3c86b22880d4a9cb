"""Checks of the CT itself: voxel size, field of view, Hounsfield units, metal."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import median

from rtcontour.datasets.audit.case_finding import Place
from rtcontour.datasets.audit.cohort_statistics import CUT_SHARE, CohortStatistics
from rtcontour.datasets.audit.image_measures import METAL_HU, ImageMeasures
from rtcontour.datasets.audit.read_case import AuditCase
from rtcontour.errors import Finding

Found = Iterator[tuple[Finding, Place | None]]

RARE = 0.1  # of the cases, or one case: no protocol of this clinic
COARSER, FINER = 1.5, 0.6  # against the median: protocols of 2.5, 3 and 5 mm lie side by side in many clinics
THICK_SLICE_MM = 6.5  # in a cohort too small to tell: beyond what any planning protocol has
FIELD = (0.75, 1.45)  # of the median, in plane: 500, 600, 650 and 700 mm are all in use
LENGTH = (0.4, 2.5)  # of the median, along the body: scans end where the disease does
# Where a calibrated scanner puts them, with what contrast, noise and partial volume do to a peak.
SOFT_TISSUE_HU = (-40.0, 110.0)
FAT_HU = (-170.0, -50.0)
AIR_HU = (-1060.0, -880.0)
HIGHEST_LOW_HU = -500  # every scan has air around the patient, in the lungs or in the bowel
DENSE_SHARE = 0.5  # of the body above 300 HU: no patient is half bone
SMALL_BODY = 0.01  # of the image


def check_spacing(case: AuditCase, cohort: CohortStatistics) -> Found:
    """Voxels much larger or smaller than the other cases have."""
    spacing = case.measures.spacing_mm
    shown = " × ".join(f"{step:.3g}" for step in spacing)
    if not cohort.speaks:
        if spacing[2] > THICK_SLICE_MM:
            message = f"voxels are {shown} mm; contours on slices this thick are coarse"
            yield Finding("spacing-unusual", message, "warning"), None
        return
    middle = [median(values) for values in zip(*cohort.spacings_mm, strict=True)]
    ratios = [step / usual for step, usual in zip(spacing, middle, strict=True)]
    message = f"voxels are {shown} mm; the median is {' × '.join(f'{step:.3g}' for step in middle)} mm"
    rare = [_is_rare(spacing[n], [one[n] for one in cohort.spacings_mm], ratios[n] > 1) for n in range(3)]
    if any(ratio > COARSER and is_rare for ratio, is_rare in zip(ratios, rare, strict=True)):
        yield Finding("spacing-unusual", message, "warning"), Place(_middle(case), extent="body")
    elif any(ratio < FINER and is_rare for ratio, is_rare in zip(ratios, rare, strict=True)):
        yield Finding("spacing-unusual", message, "note"), None


def check_field_of_view(case: AuditCase, cohort: CohortStatistics) -> Found:
    """A field of view that cuts the body, or that is much larger or smaller than those of the other cases."""
    share = case.measures.image.cut_share
    place = Place(_middle(case), extent="body", window_hu=(-1000, 400))
    if share > CUT_SHARE and not (cohort.speaks and cohort.cut_common):
        message = f"the body reaches the edge of the image in {100 * share:.0f} % of the slices"
        yield Finding("field-of-view-unusual", message, "warning"), place
        return
    if not cohort.speaks:
        return
    extent = case.measures.extent_mm
    middle = [median(values) for values in zip(*cohort.extents_mm, strict=True)]
    for axis, (low, high) in enumerate((FIELD, FIELD, LENGTH)):
        ratio = extent[axis] / middle[axis]
        if not low <= ratio <= high and _is_rare(extent[axis], [one[axis] for one in cohort.extents_mm], ratio > 1):
            what = ("wide", "deep", "long")[axis]
            message = f"the scan is {extent[axis]:.0f} mm {what}; the median is {middle[axis]:.0f} mm"
            if ratio < low:
                yield Finding("field-of-view-unusual", message, "warning"), place
            else:
                yield Finding("field-of-view-unusual", message, "note"), place
            return


def check_hu(case: AuditCase, cohort: CohortStatistics) -> Found:
    """Water, fat and air where they should not be."""
    reasons = off_scale(case.measures.image)
    if reasons:
        place = Place(_middle(case), extent="body", window_hu=(-1000, 1000))
        message = f"{'; '.join(reasons)}: rescale slope or intercept lost, or no CT"
        yield Finding("hu-scale-unlikely", message, "error"), place


def off_scale(image: ImageMeasures) -> list[str]:
    """Why its HU can be none. Then its body was looked for in vain, and nothing is known of what lies where in it."""
    reasons = []
    for what, value, (low, high) in (
        ("soft tissue", image.soft_tissue_hu, SOFT_TISSUE_HU),
        ("fat", image.fat_hu, FAT_HU),
        ("air around the body", image.air_hu, AIR_HU),
    ):
        if value is not None and not low <= value <= high:
            reasons.append(f"{what} is at {value:.0f} HU, expected {low:.0f} to {high:.0f}")
    if image.lowest_hu > HIGHEST_LOW_HU:
        reasons.append(f"the lowest value is {image.lowest_hu} HU, and there is no air")
    if image.dense_share > DENSE_SHARE:
        reasons.append(f"{100 * image.dense_share:.0f} % of the body are denser than 300 HU")
    if image.body_share < SMALL_BODY:
        reasons.append("nothing in it looks like a body")
    return reasons


def check_metal(case: AuditCase, cohort: CohortStatistics) -> Found:
    """Metal, whose streaks hide what is around it."""
    image = case.measures.image
    if image.metal_cc > 0:
        message = f"{image.metal_cc:.2g} cc above {METAL_HU} HU, up to {image.highest_hu}; look for streaks"
        yield Finding("metal", message, "note"), Place(image.brightest, extent="body", window_hu=(-1000, 2000))


def _is_rare(value: float, values: Sequence[float], is_large: bool) -> bool:
    """Whether at most a tenth of the values, or one, lie as far on that side."""
    beyond = sum(one >= 0.95 * value if is_large else one <= 1.05 * value for one in values)
    return beyond <= max(1, math.floor(RARE * len(values)))


def _middle(case: AuditCase) -> tuple[int, int, int]:
    i, j, k = (n // 2 for n in case.measures.shape)
    return i, j, k
