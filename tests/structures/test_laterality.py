"""A side is found wherever a clinic writes it, and only there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcontour.structures import find_structure
from rtcontour.structures.laterality import SIDE_OF, SIDE_WORDS, side_by_word, sides_by_letters
from rtcontour.structures.spelling import normal_form, words_of


@pytest.mark.parametrize(
    "name, side, stem",
    [
        ("Lt Parotid", "L", "parotid"),
        ("Parotid_L", "L", "parotid"),
        ("Parotid left gland", "L", "parotidgland"),
        ("RTParotid", "R", "parotid"),
        ("parotid bilateral", "B", "parotid"),
        ("Linse_R", "R", "linse"),
        ("zuo saixian", "L", "saixian"),
        ("shen you", "R", "shen"),
    ],
)
def test_a_word_says_the_side(name, side, stem):
    assert side_by_word(name) == (side, stem)


@pytest.mark.parametrize("name", ["Lung_L_R", "Bladder", "Lung_1", "Lung_2", "", "kidneyl"])
def test_no_word_or_two_words_say_no_side(name):
    assert side_by_word(name) is None


@pytest.mark.parametrize(
    "name, reading",
    [
        ("kidneyr", ("R", "kidney")),
        ("LTPAROTID", ("L", "parotid")),
        ("zuosaixian", ("L", "saixian")),
        ("youjingti", ("R", "jingti")),
    ],
)
def test_a_side_may_be_glued_to_the_name(name, reading):
    assert reading in list(sides_by_letters(name))


@pytest.mark.parametrize(
    "name",
    ["Cochlear", "RETINAL", "corneal", "Mammal", "Rear", "lear", "Lung_L1", "Scapular", "Fibular", "Kneel", "orbital"],
)
def test_letters_that_belong_to_the_word_are_no_side(name):
    assert find_structure(name) is None


@pytest.mark.parametrize("name", ["saixianzuo", "jingtiyou", "zuofei", "youyan", "you", "zuo"])
def test_pinyin_sides_are_glued_in_front_of_long_names_only(name):
    assert find_structure(name) is None


def test_the_words_for_left_and_right_do_not_overlap():
    assert len(SIDE_OF) == sum(len(words.split()) for words in SIDE_WORDS.values())
    assert all(words_of(word) == (word,) for word in SIDE_OF)


def test_camel_case_accents_and_separators_vanish():
    assert words_of("FemurHead_Lt") == ("femur", "head", "lt")
    assert words_of("CTVn") == words_of("CT Vn")
    assert normal_form("Blåsa") == normal_form("BLASA") == "blasa"


@given(st.text(max_size=30))
def test_the_normal_form_is_the_words_run_together(name):
    assert normal_form(name) == "".join(words_of(name))


def test_a_leading_underscore_stays():
    assert normal_form("_Lung") != normal_form("Lung")


@pytest.mark.parametrize("name", ["both lungs", "both lung", "Lungs bilat", "beide Lungen", "LUNGS"])
def test_both_may_be_said_of_one_organ_or_of_two(name):
    assert find_structure(name).name == "Lungs"


def test_both_is_nothing_to_say_of_what_has_no_sides():
    assert find_structure("both bladder") is None and find_structure("both brain") is None
