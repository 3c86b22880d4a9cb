"""What clinics write is understood, or refused: never guessed."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcontour.errors import StructureNameError
from rtcontour.structures import color_of, find_structure, priority_of, resolve_structure, structure_table, tolerance_of

NAMES = list(structure_table())


@pytest.mark.parametrize(
    "written, meant",
    [
        ("Bladder", "Bladder"),
        ("bladder", "Bladder"),
        (" URINARY_BLADDER ", "Bladder"),
        ("Blase", "Bladder"),
        ("Harnblase", "Bladder"),
        ("urinblåsa", "Bladder"),
        ("urinblasa", "Bladder"),
        ("Vessie", "Bladder"),
        ("膀胱", "Bladder"),
        ("Femoral Head Lt", "Femur_Head_L"),
        ("FemurHeadL", "Femur_Head_L"),
        ("LFemurHead", "Femur_Head_L"),
        ("Fem Head Left", "Femur_Head_L"),
        ("Lt. Femoral Head", "Femur_Head_L"),
        ("Femur_Head_Left", "Femur_Head_L"),
        ("L_Head_Femur", "Femur_Head_L"),
        ("caput femoris sin", "Femur_Head_L"),
        ("Caput femoris dx", "Femur_Head_R"),
        ("Hüftkopf re", "Femur_Head_R"),
        ("Hueftkopf_li", "Femur_Head_L"),
        ("Tête fémorale droite", "Femur_Head_R"),
        ("femoral head (R)", "Femur_Head_R"),
        ("左股骨头", "Femur_Head_L"),
        ("右侧股骨头", "Femur_Head_R"),
        ("FEMORALHEADRT", "Femur_Head_R"),
        ("Femoral Heads", "Femur_Heads"),
        ("bowel bag", "Bag_Bowel"),
        ("BowelBag", "Bag_Bowel"),
        ("tarmpaket", "Bag_Bowel"),
        ("tarm", "Bowel"),
        ("small intestine", "Bowel_Small"),
        ("Dünndarm", "Bowel_Small"),
        ("rektum", "Rectum"),
        ("Parotis li", "Parotid_L"),
        ("Parotide D", "Parotid_R"),
        ("ltparotid", "Parotid_L"),
        ("PAROTID_RT", "Parotid_R"),
        ("Parotis bds.", "Parotids"),
        ("öronspottkörtel vä", "Parotid_L"),
        ("Mandible", "Bone_Mandible"),
        ("spinal cord", "SpinalCord"),
        ("Myelon", "SpinalCord"),
        ("Spinalkanal", "SpinalCanal"),
        ("Oesophagus", "Esophagus"),
        ("TMJ-L", "Joint_TM_L"),
        ("SMG R", "Glnd_Submand_R"),
        ("CTVN", "CTVn"),
        ("CTV-N", "CTVn"),
        ("body", "External"),
        ("Lung_LT", "Lung_L"),
        ("Kidney left", "Kidney_L"),
    ],
)
def test_what_clinics_write_is_understood(written, meant):
    assert resolve_structure(written).name == meant


DERIVED = """
    Bladder_PRV05, PTV-Bladder, Bladder-PTV, Bladder+5mm, Bladder + 5 mm, Expanded bladder, zBladder, z_Bladder,
    _Bladder, Bladder_opt, OptBladder, Bladder^Empty, ~Bladder, Bladder~, Bladder!, Bladder2, 2Bladder, not Bladder,
    Bladder wall?, Bladder_L, Ring, Ring_PTV, CTV1, PTV_5000, GTV2, PTV minus rectum, Lung_L-GTV, Parotid_L_opt,
    Lung_L1, Lung_L_R, _Lung_L, Femur_Head_L_PRV, Rear, Cochlear, Left, L, R, V, Left Right, _,
"""


@pytest.mark.parametrize("written", [name.strip() for name in DERIVED.split(",")])
def test_what_is_only_like_an_organ_is_refused(written):
    assert find_structure(written) is None
    with pytest.raises(StructureNameError) as error:
        resolve_structure(written)
    assert repr(written) in str(error.value)


def test_an_unknown_name_gets_its_nearest_three():
    with pytest.raises(StructureNameError, match="nearest are Bladder, Gallbladder, "):
        resolve_structure("Bladdder")


@pytest.mark.parametrize("written", ["Femoral head", "femur_head", "Hüftkopf", "股骨头"])
def test_a_paired_organ_without_a_side_is_ambiguous(written):
    with pytest.raises(StructureNameError, match=r"ambiguous.*Femur_Head_L or Femur_Head_R"):
        resolve_structure(written)


def test_the_callers_aliases_win():
    assert resolve_structure("Bladder", aliases={"Bladder": "Gallbladder"}).name == "Gallbladder"
    assert resolve_structure("my OAR 7", aliases={"My_OAR_7": "Rectum"}).name == "Rectum"
    assert resolve_structure("Rectum", aliases={"other": "Bladder"}).name == "Rectum"


def test_an_alias_that_leads_nowhere_is_an_error():
    with pytest.raises(StructureNameError, match="alias 'x' leads to 'Blahder'"):
        resolve_structure("x", aliases={"x": "Blahder"})


@given(
    st.sampled_from(NAMES), st.sampled_from([str.lower, str.upper, str.title]), st.sampled_from(["_", " ", "-", ". "])
)
def test_case_and_separators_do_not_matter(name, case, separator):
    assert resolve_structure(case(name).replace("_", separator)).name == name


@given(st.sampled_from(NAMES))
def test_reverse_names_resolve(name):
    assert resolve_structure(structure_table()[name].reverse_name).name == name


@pytest.mark.parametrize("written", [alias for s in structure_table().values() if not s.side for alias in s.aliases])
def test_every_alias_resolves(written):
    assert written in resolve_structure(written).aliases


@pytest.mark.parametrize("structure", [s for s in structure_table().values() if s.side], ids=lambda s: s.name)
def test_every_alias_of_a_paired_organ_resolves_with_its_side(structure):
    words = {"L": ("L", "lt", "Left", "li", "sin"), "R": ("R", "rt", "Right", "re", "dx")}[structure.side]
    for alias in structure.aliases:
        for word in words:
            assert resolve_structure(f"{word} {alias}").name == structure.name
            assert resolve_structure(f"{alias}_{word}").name == structure.name


@given(st.text(max_size=12))
def test_any_text_is_resolved_or_refused(name):
    try:
        structure = resolve_structure(name)
    except StructureNameError as error:
        assert "\n" not in str(error)
    else:
        assert structure.name in NAMES


@given(
    st.sampled_from(NAMES),
    st.sampled_from(["PRV", "z", "opt", "Ring", "exp", "5mm", "+5", "-PTV", "NOT", "sub", "7", "^x"]),
)
def test_a_planning_mark_always_makes_another_structure(name, mark):
    assert find_structure(name + mark) is None
    assert find_structure(mark + name) is None


def test_a_name_outside_the_table_has_a_colour_of_its_own_and_3_mm():
    assert tolerance_of("Implant hip") == 3.0
    assert color_of("Implant hip") == color_of("Implant hip") != color_of("Implant knee")
    assert priority_of("Implant hip") == 50


def test_colour_and_tolerance_follow_the_meaning_of_a_name():
    assert color_of("Harnblase") == color_of("Bladder")
    assert tolerance_of("Parotis li") == tolerance_of("Parotid_L") == 2.85


def test_the_room_loads_neither_numpy_extensions_nor_torch():
    code = "import rtcontour.structures, sys; print([m for m in ('numba', 'torch', 'scipy') if m in sys.modules])"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "[]"
