"""Names as written and their normal form: case, accents and separators do not tell two names apart."""

from __future__ import annotations

import re
import unicodedata
from itertools import filterfalse

PLANNING_HELPER = "_"  # TG-263: a name that begins with it is a helper for planning, not anatomy

# Only what merely separates words. Everything else that planners add ("+5mm", "^", "~", "!", "*") stays, so that
# a structure derived from an organ never reads as the organ itself.
SEPARATORS = re.compile(r"[\s_\-.,/()\[\]]+")
NO_SEPARATORS = {ord(letter): None for letter in map(chr, range(128)) if SEPARATORS.fullmatch(letter)}
CAMEL_CASE = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name in lower case without accents: "FemurHead_Lt" -> ("femur", "head", "lt")."""
    spaced = CAMEL_CASE.sub(" ", _without_accents(name))
    words = tuple(word for word in SEPARATORS.split(spaced.casefold()) if word)
    return (PLANNING_HELPER, *words) if name.strip().startswith(PLANNING_HELPER) else words


def normal_form(name: str) -> str:
    """The words of a name run together: "Bowel bag", "BOWEL_BAG" and "BowelBag" are one."""
    # What words_of gives, joined; without parting the words first, as every alias of the table comes through here.
    plain = _without_accents(name).casefold()
    joined = plain.translate(NO_SEPARATORS) if plain.isascii() else SEPARATORS.sub("", plain)
    return PLANNING_HELPER + joined if name.strip().startswith(PLANNING_HELPER) else joined


def _without_accents(text: str) -> str:
    if text.isascii():
        return text
    return "".join(filterfalse(unicodedata.combining, unicodedata.normalize("NFKD", text)))
