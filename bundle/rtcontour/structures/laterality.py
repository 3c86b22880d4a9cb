"""Left, right and both, as clinics write them around the name of a paired organ."""

from __future__ import annotations

from collections.abc import Iterator

from rtcontour.structures.spelling import words_of
from rtcontour.structures.structure import Code

LEFT, RIGHT, BOTH = "L", "R", "B"

SIDE_CODES = {LEFT: Code("SCT", "7771000", "Left"), RIGHT: Code("SCT", "24028007", "Right")}

# English, German, Dutch, Latin, Swedish, French, Italian, Spanish and Chinese, in the normal form of `words_of`.
SIDE_WORDS = {
    LEFT: """l lt left li links linke linker linkes sin sinister sinistra sinistrum va vanster g gche gauche sx
        izq izquierdo izquierda 左 左侧 zuo zuoce zuobian""",
    RIGHT: """r rt right re rechts rechte rechter rechtes dx dex dxt dexter dextra dextrum ho hoger d dt drt droit
        droite der derecho derecha destra destro 右 右侧 you youce youbian""",
    BOTH: "both bilat bilateral bds beide beidseits bilaterala bilaterale 双 双侧 shuang shuangce",
}
SIDE_OF = {word: side for side, words in SIDE_WORDS.items() for word in words.split()}

# What is also written without a gap in one case ("lparotid", "PAROTIDLT"), where nothing shows the end of a word.
GLUED = ("l", "r", "lt", "rt", "li", "re", "sin", "dx", "left", "right", "左", "左侧", "右", "右侧", "双", "双侧")
GLUED_IN_FRONT = ("zuo", "you", "zuoce", "youce", "shuang", "shuangce")  # pinyin; never behind the name
SHORTEST_GLUED_STEM = 4  # so that "rear" is no right ear
VOWELS = "aeiou"


def side_by_word(name: str) -> tuple[str, str] | None:
    """The side that one word of `name` says, and the normal form of the other words.

    The word may stand anywhere ("Lt Femoral Head", "Femur_Head_L", "Parotid left gland"). Digits are no side, and a
    name with two words for a side has none: None.
    """
    words = words_of(name)
    at = [index for index, word in enumerate(words) if word in SIDE_OF]
    if len(at) != 1:
        return None
    return SIDE_OF[words[at[0]]], "".join(words[: at[0]] + words[at[0] + 1 :])


def sides_by_letters(name: str) -> Iterator[tuple[str, str]]:
    """Every side that could be glued to the beginning or the end of `name`, and what is left without it."""
    words = words_of(name)
    if any(word in SIDE_OF for word in words):
        return
    whole = "".join(words)
    for mark in (*GLUED, *GLUED_IN_FRONT):
        if mark.isascii() and len(whole) - len(mark) < SHORTEST_GLUED_STEM:
            continue
        if whole.startswith(mark):
            yield SIDE_OF[mark], whole.removeprefix(mark)
        if whole.endswith(mark) and mark not in GLUED_IN_FRONT and not _may_be_inflection(whole, mark):
            yield SIDE_OF[mark], whole.removesuffix(mark)


def _may_be_inflection(whole: str, mark: str) -> bool:
    """A lone letter after a vowel: "cochlear", "retinal" and "mammal" name no side."""
    return len(mark) == 1 and whole[-2] in VOWELS
