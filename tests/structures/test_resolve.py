"""What clinics write is understood, or refused: never guessed."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcontour.errors import StructureNameError
from rtcontour.structures import color_of, find_structure, priority_of, resolve_structure, structure_table, tolerance_of
from rtcontour.structures.table import structure_index

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
        ("Rectum_Wall", "Rectal_Wall"),
        ("VB T4", "VB_T04"),
        ("HWK 3", "VB_C3"),
        ("Hypothalamus", "Hypothalmus"),
        ("Colon_Descending", "Colon_Decending"),
        ("neck level II left", "LN_Neck_II_L"),
        ("Axilla level I re", "LN_Ax_L1_R"),
        ("left upper lobe", "Lung_LUL"),
    ],
)
def test_what_clinics_write_is_understood(written, meant):
    assert resolve_structure(written).name == meant


# Bladder, right femoral head, left parotid, right lens, spinal cord, small bowel, left lung, optic chiasm
IN_FIVE_LANGUAGES = {
    "Swedish": "urinblåsa, lårbenshuvud hö, öronspottkörtel vä, lins hö, ryggmärg, tunntarm, lunga vä, "
    "synnervskorsning",
    "Dutch": "blaas, heupkop rechts, oorspeekselklier links, ooglens rechts, ruggenmerg, dunne darm, linker long, "
    "oogzenuwkruising",
    "German": "Harnblase, Hüftkopf re, Ohrspeicheldrüse li, Linse rechts, Rückenmark, Dünndarm, Lunge li, "
    "Sehnervenkreuzung",
    "French": "vessie, tête fémorale droite, parotide gauche, cristallin D, moelle épinière, intestin grêle, poumon G, "
    "chiasma optique",
    "Chinese": "pangguang, you gugutou, zuosaixian, youjingti, jisui, xiaochang, zuo fei, shijiaocha",
    "Chinese characters": "膀胱, 右股骨头, 左腮腺, 右晶体, 脊髓, 小肠, 左肺, 视交叉",
}
THESE = ["Bladder", "Femur_Head_R", "Parotid_L", "Lens_R", "SpinalCord", "Bowel_Small", "Lung_L", "OpticChiasm"]


@pytest.mark.parametrize("language", IN_FIVE_LANGUAGES)
def test_every_language_is_understood(language):
    written = IN_FIVE_LANGUAGES[language].split(", ")
    assert [resolve_structure(name).name for name in written] == THESE
    assert [resolve_structure(name.upper()).name for name in written] == THESE


DERIVED = """
    Bladder_PRV05, PTV-Bladder, Bladder-PTV, Bladder+5mm, Bladder + 5 mm, Expanded bladder, zBladder, z_Bladder,
    _Bladder, Bladder_opt, OptBladder, Bladder^Empty, ~Bladder, Bladder~, Bladder!, Bladder2, 2Bladder, not Bladder,
    Bladder wall?, Bladder_L, Ring, Ring_PTV, CTV1, PTV_5000, GTV2, PTV minus rectum, Lung_L-GTV, Parotid_L_opt,
    Lung_L1, Lung_L_R, _Lung_L, Femur_Head_L_PRV, Rear, Cochlear, Left, L, R, V, Left Right, _,
    Bladder - PTV, opti_, zRing, Rectum_opt, Bladder_Wall_PRV, Liver-GTV, Kidney_L-GTV, Lungs-CTV, Brain~, Rib, VB,
    Bladder min PTV, Rektum ohne PTV, SpinalCord_PRV, PRV_SpinalCord, PRV SpinalCord, Brainstem_PRV03, C3, T1, L1,
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


@pytest.mark.parametrize(
    "written, candidates",
    [
        ("Iliac", "A_Iliac_L, A_Iliac_R, Bone_Ilium_L, Bone_Ilium_R, LN_Iliac_L, LN_Iliac_R, V_Iliac_L or V_Iliac_R"),
        ("iliac lt", "A_Iliac_L, Bone_Ilium_L, LN_Iliac_L or V_Iliac_L"),
        ("OC", "OpticChiasm or Cavity_Oral"),
        ("Level II li", "LN_Ax_L2_L or LN_Neck_II_L"),
        ("iliac vein rt", "V_Iliac_R, V_Iliac_Ext_R or V_Iliac_Int_R"),
        ("Becken", "Bone_Pelvic or LN_Pelvics"),
        ("Kiefer", "Bone_Mandible or Maxilla"),
        ("yan", "Eye_L, Eye_R or Pharynx"),
        ("cochlea bilateral", "Cochlea_L or Cochlea_R"),
        ("SMG", "Glnd_Submand_L or Glnd_Submand_R (Glnd_Submands for both)"),
        ("TMJ", "Joint_TM_L or Joint_TM_R"),
    ],
)
def test_an_ambiguous_name_is_an_error_that_lists_the_candidates(written, candidates):
    assert find_structure(written) is None
    with pytest.raises(StructureNameError) as error:
        resolve_structure(written)
    assert "is ambiguous" in str(error.value) and candidates in str(error.value)


@pytest.mark.parametrize("written", sorted(structure_index().ambiguous))
def test_every_ambiguous_spelling_is_refused_with_or_without_a_side(written):
    for name in (written, f"{written} L", f"right {written}"):
        with pytest.raises(StructureNameError, match="ambiguous"):
            resolve_structure(name)
    assert resolve_structure(written, aliases={written: "Liver"}).name == "Liver"


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


@pytest.mark.parametrize("structure", [s for s in structure_table().values() if not s.side], ids=lambda s: s.name)
def test_every_alias_resolves(structure):
    assert all(resolve_structure(written) is structure for written in structure.aliases)


@pytest.mark.parametrize("structure", [s for s in structure_table().values() if s.side], ids=lambda s: s.name)
def test_every_alias_of_a_paired_organ_resolves_with_its_side(structure):
    words = {"L": ("L", "lt", "Left", "li", "sin"), "R": ("R", "rt", "Right", "re", "dx")}[structure.side]
    for alias in structure.aliases:
        for word in words:
            assert resolve_structure(f"{word} {alias}").name == structure.name
            assert resolve_structure(f"{alias}_{word}").name == structure.name


SIDE_SPELLINGS = {
    "L": ("{} left", "Left {}", "{}_LT", "{} li", "links {}", "{}.sin", "{} vä", "{} gauche", "{}_G", "zuo {}", "左{}"),
    "R": (
        "{} right",
        "Right {}",
        "{}_RT",
        "{} re",
        "rechts {}",
        "{}.dx",
        "{} hö",
        "{} droite",
        "{}_D",
        "you {}",
        "右{}",
    ),
}
CASES = (str, str.lower, str.upper)
GAPS = (" ", "_", "-", ".")


@pytest.mark.parametrize("name", NAMES)
def test_every_spelling_of_every_structure_resolves(name):
    structure = structure_table()[name]
    sides = SIDE_SPELLINGS.get(structure.side, ("{}",))
    stems = [name.removesuffix(f"_{structure.side}"), *structure.aliases] if structure.side else structure.aliases
    written = [side.format(stem) for stem in stems for side in sides]
    for spelling in (name, structure.reverse_name, *written):
        for case in CASES:
            for gap in GAPS:
                assert resolve_structure(case(spelling.replace("_", " ").replace(" ", gap))) is structure


@pytest.mark.parametrize(
    "mark", ["PRV", "PRV05", "opt", "z", "Ring", "+5mm", "-PTV", "^x", "~", "!", "7", "exp", "not"]
)
def test_no_structure_keeps_its_meaning_with_a_planning_mark(mark):
    for name in NAMES:
        for written in (f"{name}_{mark}", f"{mark}_{name}", f"{name} {mark}", f"_{name}"):
            assert find_structure(written) is None, written


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
