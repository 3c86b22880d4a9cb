"""The structure table as data: complete, free of contradictions, and with codes that DICOM lists."""

from collections import Counter

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


def test_colors_tell_structures_apart():
    assert max(Counter(structure.color for structure in structure_table().values()).values()) == 1


def test_tolerances_that_are_not_the_default_name_their_source():
    for structure in structure_table().values():
        assert (structure.tolerance_mm == 3.0) == (structure.tolerance_source == "")
    assert structure_table()["Parotid_L"].tolerance_mm == 2.85


def test_interpreted_types_are_terms_of_dicom():
    terms = {"EXTERNAL", "PTV", "CTV", "GTV", "ORGAN", "BOLUS", "SUPPORT"}
    assert {structure.interpreted_type for structure in structure_table().values()} == terms


def test_codes_are_concepts_that_dicom_lists():
    concepts = pytest.importorskip("pydicom.sr._concepts_dict").concepts
    listed = {value: meaning for entry in concepts["SCT"].values() for value, (meaning, cids) in entry.items() if cids}
    codes = {code for structure in structure_table().values() for code in structure.codes}
    assert codes
    assert all(code.scheme == "SCT" and code.value in listed for code in codes)


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
    ],
)
def test_the_structure_that_would_vanish_keeps_the_voxel(keeps, loses):
    assert structure_table()[keeps].priority > structure_table()[loses].priority


def test_reverse_name_turns_the_parts_around():
    assert structure_table()["Femur_Head_L"].reverse_name == "L_Head_Femur"
    assert structure_table()["Bladder"].reverse_name == "Bladder"
