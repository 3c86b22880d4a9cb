"""A side is found wherever a clinic writes it, and only there."""

import pytest

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
    ],
)
def test_a_word_says_the_side(name, side, stem):
    assert side_by_word(name) == (side, stem)


@pytest.mark.parametrize("name", ["Lung_L_R", "Bladder", "Lung_1", "Lung_2", "", "kidneyl"])
def test_no_word_or_two_words_say_no_side(name):
    assert side_by_word(name) is None


@pytest.mark.parametrize("name, reading", [("kidneyr", ("R", "kidney")), ("LTPAROTID", ("L", "parotid"))])
def test_a_side_may_be_glued_to_the_name(name, reading):
    assert reading in list(sides_by_letters(name))


@pytest.mark.parametrize("name", ["Cochlear", "RETINAL", "corneal", "Mammal", "Rear", "lear", "Lung_L1"])
def test_letters_that_belong_to_the_word_are_no_side(name):
    assert find_structure(name) is None


def test_the_words_for_left_and_right_do_not_overlap():
    assert len(SIDE_OF) == sum(len(words.split()) for words in SIDE_WORDS.values())
    assert all(words_of(word) == (word,) for word in SIDE_OF)


def test_camel_case_accents_and_separators_vanish():
    assert words_of("FemurHead_Lt") == ("femur", "head", "lt")
    assert words_of("CTVn") == words_of("CT Vn")
    assert normal_form("Blåsa") == normal_form("BLASA") == "blasa"


def test_a_leading_underscore_stays():
    assert normal_form("_Lung") != normal_form("Lung")
