"""What each finding of the audit means, in the words of the page."""

from __future__ import annotations

from rtcontour.datasets.audit import checks_of_image as image
from rtcontour.datasets.audit import habits
from rtcontour.datasets.audit.checks import RARELY
from rtcontour.datasets.audit.checks_of_place import PAIR_FACTOR, PAIR_PLAIN_FACTOR, PLAIN_FACTOR
from rtcontour.datasets.audit.cohort_statistics import CUT_SHARE
from rtcontour.datasets.audit.image_measures import METAL_HU
from rtcontour.datasets.audit.spread import FEWEST, LIMIT, LIMIT_GROWTH

USUAL = (
    f"Unlikely: more than {LIMIT:g} (1 + {LIMIT_GROWTH:g}/n) scales from the median of n cases, a scale being 1.4826 "
    f"times the median absolute deviation. With fewer than {FEWEST} cases only fixed rules hold."
)

MEANINGS = {
    "sides-swapped": "A left structure lies right of its partner, or a lone one on the wrong side of the body.",
    "hu-scale-unlikely": (
        f"Soft tissue outside {image.SOFT_TISSUE_HU[0]:.0f} to {image.SOFT_TISSUE_HU[1]:.0f} HU, fat outside "
        f"{image.FAT_HU[0]:.0f} to {image.FAT_HU[1]:.0f}, air around the body outside {image.AIR_HU[0]:.0f} to "
        f"{image.AIR_HU[1]:.0f}, no air at all, or no body. Then nothing is said of where in the body structures lie."
    ),
    "volume-unlikely": (
        f"The logarithm of the volume is unlikely, or {PLAIN_FACTOR:g} times the median or a {PLAIN_FACTOR:g}th of it "
        "where volumes vary little; or the ratio to the partner's is unlikely, or beyond "
        f"{PAIR_PLAIN_FACTOR:g} where the two are usually alike (in small cohorts beyond {PAIR_FACTOR:g}). "
        "Structures that leave most scans are compared by their mean cross-section."
    ),
    "position-unlikely": (
        "The centroid is unlikely: against the middle of the body, against the other structures in height, or against "
        "the structure of the other side. A body that the field of view cuts has no middle to compare with."
    ),
    "islands": (
        f"A piece of {habits.SPECK_VOXELS} voxels and {habits.SPECK_CC:g} cc or more, or {habits.FAR_MM:.0f} mm and "
        f"more away, lies beside the rest; a note where it is smaller, or where the cohort has several pieces."
    ),
    "holes": (
        f"Holes within slices of {habits.HOLE_CC:g} cc and {100 * habits.HOLE_SHARE:g} % of the volume or more; "
        "smaller and usual ones are notes. What another structure fills is no hole."
    ),
    "slices-left-out": "Slices without a contour between the first and the last one.",
    "outside-body": f"{habits.OUTSIDE_CC:g} cc or more lie beyond the skin.",
    "cut-at-border": "The structure ends where the image ends; above and below only if few cases have that.",
    "roi-empty": "Contoured, by datalist.json or the structure set, and without a voxel.",
    "roi-duplicate": "Exactly the voxels of another structure.",
    "name-unresolved": "The structure table does not know the name.",
    "spacing-unusual": (
        f"Voxels {image.COARSER:g} times the median or more, in one case or at most {100 * image.RARE:.0f} % of them."
    ),
    "field-of-view-unusual": (
        f"The body reaches the edge of the image in {100 * CUT_SHARE:.0f} % of its slices, or the field of view "
        "is far from the median."
    ),
    "metal": f"Voxels above {METAL_HU} HU.",
    "structure-rare": f"Contoured in fewer than {100 * RARELY:.0f} % of the cases.",
    "case-unreadable": "A file of the case cannot be read.",
}
