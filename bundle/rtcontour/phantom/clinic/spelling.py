"""How the clinic writes the names of structures: each planner in a habit, and now and then so that nobody knows."""

from __future__ import annotations

from collections.abc import Mapping

# Every one of these is known to the structure table. A planner keeps to one column.
HABITS: tuple[Mapping[str, str], ...] = (
    {
        "Femur_Head_L": "Femoral Head L",
        "Femur_Head_R": "Femoral Head R",
        "Bladder": "Bladder",
        "Bag_Bowel": "Bowel bag",
        "CTVn": "CTV nodes",
        "CTV": "CTV",
        "Rectum": "Rectum",
        "Bowel_Small": "Small bowel",
        "External": "BODY",
    },
    {
        "Femur_Head_L": "Hüftkopf li",
        "Femur_Head_R": "Hüftkopf re",
        "Bladder": "Harnblase",
        "Bag_Bowel": "Darmsack",
        "CTVn": "CTV LK",
        "CTV": "CTV",
        "Rectum": "Rektum",
        "Bowel_Small": "Dünndarm",
        "External": "Körper",
    },
    {
        "Femur_Head_L": "LT FEMORAL HEAD",
        "Femur_Head_R": "RT FEMORAL HEAD",
        "Bladder": "BLADDER",
        "Bag_Bowel": "BOWEL_BAG",
        "CTVn": "CTV_LN",
        "CTV": "CTV",
        "Rectum": "RECTUM",
        "Bowel_Small": "SMALL_BOWEL",
        "External": "BODY",
    },
    {
        "Femur_Head_L": "FemoralHead_Lt",
        "Femur_Head_R": "FemoralHead_Rt",
        "Bladder": "bladder",
        "Bag_Bowel": "BowelBag",
        "CTVn": "CTV Nodal",
        "CTV": "Clinical target volume",
        "Rectum": "rectum",
        "Bowel_Small": "SmallBowel",
        "External": "External",
    },
    {},  # TG-263
)

# Slips and private abbreviations that the table rightly does not know.
UNKNOWN: Mapping[str, tuple[str, ...]] = {
    "Femur_Head_L": ("Femrual Head Lt", "Femural head li 2", "Huftkpf li"),
    "Femur_Head_R": ("Femrual Head Rt", "Femural head re 2", "Huftkpf re"),
    "Bladder": ("Bladdder", "Harnblasse", "Bladder v2"),
    "Bag_Bowel": ("Bowl bag", "Bowel bagg", "BowelBag alt"),
    "CTVn": ("CTV nodess", "CTV_LN_neu", "CTVnn"),
}

# A second spelling beside the first, as an older version of an ROI is kept.
SECOND: Mapping[str, str] = {"Bladder": "urinary bladder", "Bag_Bowel": "bowel sac", "CTVn": "CTV lymph nodes"}


def written(structure: str, habit: int) -> str:
    """The clinic's name of a structure; the TG-263 name where the habit has no other."""
    return HABITS[habit].get(structure, structure)
