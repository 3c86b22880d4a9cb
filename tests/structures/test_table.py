"""The structure table as data: complete, free of contradictions, and with codes that DICOM lists."""

from collections import Counter
from pathlib import Path

import pytest

from rtcontour.structures import structure_table
from rtcontour.structures.spelling import normal_form
from rtcontour.structures.table import structure_index

SARTOR = ["Femur_Head_L", "Femur_Head_R", "Bladder", "Bag_Bowel", "CTVn"]
GENG = ["CTV", "Bladder", "Femur_Heads", "Bowel_Small"]
OPENKBP = ["Brainstem", "SpinalCord", "Parotid_R", "Parotid_L", "Esophagus", "Larynx", "Bone_Mandible"]
TANG = """
    BrachialPlexs Brainstem Musc_Constrict Ear_L Ear_R Eye_L Eye_R Pituitary Larynx Lens_L Lens_R Bone_Mandible
    OpticChiasm OpticNrv_L OpticNrv_R Cavity_Oral Parotid_L Parotid_R Glnd_Submand_L Glnd_Submand_R SpinalCord
    Glnd_Sublings Lobe_Temporal_L Lobe_Temporal_R Glnd_Thyroid Joint_TM_L Joint_TM_R Trachea
"""


@pytest.mark.parametrize("names", [SARTOR, GENG, OPENKBP, TANG.split()], ids=["Sartor", "Geng", "OpenKBP", "Tang"])
def test_every_published_system_finds_its_structures(names):
    assert set(names) <= set(structure_table())


def test_tang_2019_has_28_structures():
    assert len(set(TANG.split())) == 28


def test_the_table_knows_far_more_than_the_papers():
    papers = {name.removesuffix("_L").removesuffix("_R") for name in [*SARTOR, *GENG, *OPENKBP, *TANG.split()]}
    entries = {structure.name.removesuffix(f"_{structure.side}") for structure in structure_table().values()}
    assert len(entries - papers) >= 300
    assert len(structure_table()) >= 500


def test_the_page_gives_the_size_of_the_table():
    page = (Path(__file__).parents[2] / "docs" / "structures.md").read_text(encoding="utf-8")
    entries = sum(structure.side != "R" for structure in structure_table().values())
    assert f"holds {entries} entries, {len(structure_table())} structures" in page


# Copied by hand from TG-263's list of 15 August 2017, its own spellings among them: primary name, reverse order name.
FROM_THE_LIST = """
    A_Carotid_L L_Carotid_A, A_Iliac_Ext_R R_Ext_Iliac_A, Acetabulum_L L_Acetabulum, Bone_Zygomatic_R R_Zygomatic_Bone,
    BileDuct_Common Common_BileDuct, Cartlg_Thyroid Thyroid_Cartlg, CN_VIII_L L_VIII_CN, Colon_Decending
    Decending_Colon, Ear_External_L L_External_Ear, Femur_Shaft_R R_Shaft_Femur, Glnd_Parathyroid Parathyroid_Glnd,
    Hypothalmus Hypothalmus, Joint_Glenohum_L L_Glenohum_Joint, Kidney_Hilums Hilums_Kidney, LN_Ax_L1_L L_L1_Ax_LN,
    LN_IMNs IMNs_LN, LN_Neck_IIB_R R_IIB_Neck_LN, Lig_Hepatogastrc Hepatogastrc_Lig, Lung_RML RML_Lung,
    Musc_Constrict_M M_Constrict_Musc, Musc_Sclmast_L L_Sclmast_Musc, Palate_Soft Soft_Palate, Pterygoid_Lat_R
    R_Lat_Pterygoid, Rib07_L L_Rib07, SeminalVes_Dist Dist_SeminalVes, Sinus_Maxilry_L L_Maxilry_Sinus,
    SpinalCord_Thor Thor_SpinalCord, Spc_Retrophar_R R_Retrophar_Spc, Tongue_Base Base_Tongue,
    Urethra_Prostatc Prostatc_Urethra, V_Brachioceph_L L_Brachioceph_V, VB_T09 T09_VB, Valve_Tricuspid Tricuspid_Valve
"""


@pytest.mark.parametrize("line", FROM_THE_LIST.split(","), ids=str.strip)
def test_names_are_spelled_as_in_the_list(line):
    name, reverse = line.split()
    assert structure_table()[name].reverse_name == reverse


def test_names_obey_tg_263():
    assert all(len(name) <= 16 and " " not in name for name in structure_table())
    assert max(Counter(name.casefold() for name in structure_table()).values()) == 1


def test_sides_point_at_each_other():
    table = structure_table()
    for structure in table.values():
        assert (structure.pair is None) == (structure.side == "")
        if structure.pair:
            other = table[structure.pair]
            assert other.pair == structure.name and {structure.side, other.side} == {"L", "R"}
            assert structure.both is None or structure.both in table


def test_no_spelling_means_two_structures():
    meanings: dict[str, set[str]] = {}
    for structure in structure_table().values():
        spellings = (structure.name, structure.reverse_name, *(() if structure.side else structure.aliases))
        for spelling in spellings:
            meanings.setdefault(normal_form(spelling), set()).add(structure.name)
        for alias in structure.aliases if structure.side else ():
            meanings.setdefault(normal_form(alias), set()).add(
                structure.name.removesuffix(f"_{structure.side}") + " (pair)"
            )
    assert {form: names for form, names in meanings.items() if len(names) > 1} == {}
    assert not set(structure_index().pairs) & set(structure_index().by_form)
    assert not set(structure_index().ambiguous) & set(meanings)


def test_an_ambiguous_spelling_belongs_to_two_entries_at_least():
    for form, structures in structure_index().ambiguous.items():
        assert len({structure.name.removesuffix(f"_{structure.side}") for structure in structures}) > 1, form


def test_both_names_an_entry_without_sides():
    for structure in structure_table().values():
        assert structure.both is None or structure_table()[structure.both].side == ""


def test_colors_tell_structures_apart():
    assert max(Counter(structure.color for structure in structure_table().values()).values()) == 1


def test_tolerances_that_are_not_the_default_name_their_source():
    for structure in structure_table().values():
        assert (structure.tolerance_mm == 3.0) == (structure.tolerance_source == "")
    assert structure_table()["Parotid_L"].tolerance_mm == 2.85


def test_interpreted_types_are_terms_of_dicom():
    terms = {"EXTERNAL", "PTV", "CTV", "GTV", "ORGAN", "AVOIDANCE", "BOLUS", "SUPPORT"}
    assert {structure.interpreted_type for structure in structure_table().values()} == terms


def test_codes_are_concepts_that_dicom_lists():
    concepts = pytest.importorskip("pydicom.sr._concepts_dict").concepts
    listed = {value: meaning for entry in concepts["SCT"].values() for value, (meaning, cids) in entry.items() if cids}
    codes = {code for structure in structure_table().values() for code in structure.codes}
    assert codes
    assert all(code.scheme == "SCT" and code.value in listed for code in codes)


def test_a_number_of_the_foundational_model_belongs_to_one_structure():
    numbers = [structure.fma_id for structure in structure_table().values() if structure.fma_id]
    assert len(set(numbers)) == len(numbers) > 350
    assert all(number.isdigit() for number in numbers)


def test_left_and_right_have_numbers_of_their_own():
    table = structure_table()
    assert (table["Kidney_L"].fma_id, table["Kidney_R"].fma_id, table["Kidneys"].fma_id) == ("7205", "7204", "264815")
    assert table["PTV"].fma_id == ""


def test_only_what_lies_across_the_middle_may_be_on_either_side():
    across = {structure.name for structure in structure_table().values() if structure.crosses_midline}
    assert across == {f"{n}_{side}" for n in ("A_Coronary", "Atrium", "V_Brachioceph", "Ventricle") for side in "LR"}


def test_a_side_is_a_code_of_its_own():
    assert [code.meaning for code in structure_table()["Femur_Head_L"].codes] == ["Head of Femur", "Left"]


@pytest.mark.parametrize(
    "keeps, loses",
    [
        ("Bladder", "CTV"),
        ("CTVn", "Bag_Bowel"),
        ("Bladder", "PTV"),
        ("CTV", "PTV"),
        ("GTV", "CTV"),
        ("Lens_L", "Eye_L"),
        ("SpinalCord", "SpinalCanal"),
        ("OpticChiasm", "Brain"),
        ("Brainstem", "Brain"),
        ("Femur_Head_R", "Femur_R"),
        ("Bladder", "External"),
        ("Parotid_L", "Parotids"),
        ("Lung_RUL", "Lung_R"),
        ("Valve_Mitral", "Heart"),
        ("Ventricle_L", "Heart"),
        ("Bladder_Wall", "Bladder"),
        ("SpinalCord", "ThecalSac"),
        ("SpinalCanal", "VB_T05"),
        ("Bladder", "LN_Pelvics"),
        ("Pancreas_Head", "Pancreas"),
        ("Pons", "Brainstem"),
        ("Tongue_Base", "Tongue"),
        ("Heart", "Mediastinum"),
    ],
)
def test_the_structure_that_would_vanish_keeps_the_voxel(keeps, loses):
    assert structure_table()[keeps].priority > structure_table()[loses].priority


def test_reverse_name_turns_the_parts_around():
    assert structure_table()["Femur_Head_L"].reverse_name == "L_Head_Femur"
    assert structure_table()["Bladder"].reverse_name == "Bladder"
