"""Scrubber: texts of an export without what tells who the patient is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

REMOVED = "***"
UID = re.compile(r"\b(?:\d+(?:\.\d+){4,}|2\.25\.\d{10,})\b")  # the latter are made from UUIDs (PS3.5 B.2)
DATE = re.compile(r"(?<!\d)(?:19|20)\d\d[-./]?(?:0[1-9]|1[0-2])[-./]?(?:0[1-9]|[12]\d|3[01])(?!\d)")
PATH = re.compile(r"(?<!\w)(?:[A-Za-z]:)?[/\\][^\s:;,()'\"]+")
PARTS_OF_A_NAME = re.compile(r"[\^=]")
BETWEEN_WORDS = re.compile(r"[\s,;\\]+")
UMLAUTS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "ø": "oe", "å": "aa"}
)
SHORTEST = 2  # letters of an identifier; initials alone would strike out half of every text
SHORT = 4  # below this, an identifier counts only as a whole word: "Li" is not in "bilateral"


class Scrubber:
    """Takes a patient's identifiers, UIDs, dates and paths of files out of texts.

    Args:
        identifiers: names, numbers and addresses of the patient, physicians and clinic, as the headers have them. Of
            names each part counts by itself, of any text each longer word, without regard to case.
        files: of the patient, whose paths and names may tell who it is.
    """

    def __init__(self, identifiers: Iterable[str], files: Iterable[Path] = ()) -> None:
        files = tuple(files)
        places = {place for file in files for place in (str(file), str(file.parent), file.name)}
        self._places = sorted(places, key=lambda place: (-len(place), place))
        self._names = {part for file in files for part in file.parts}
        written = [spelling for text in identifiers for spelling in _spellings(text)]
        words = {word for text in written for word in _words(text)}
        known = sorted((word for word in words if len(word) >= SHORTEST), key=lambda word: (-len(word), word))
        self._known = re.compile("|".join(_pattern(word) for word in known) or r"(?!)", re.IGNORECASE)

    def __call__(self, text: str) -> str:
        """The text with *** where something was taken out; the name of a file or folder goes whole."""
        if text in self._names:
            return REMOVED
        for place in self._places:
            text = text.replace(place, REMOVED)
        for pattern in (self._known, PATH, UID, DATE):
            text = pattern.sub(REMOVED, text)
        return text


def _words(text: str) -> Iterator[str]:
    """A whole text, the parts of a person's name, and what words of either are long enough to name somebody."""
    yield text.strip()
    for part in PARTS_OF_A_NAME.split(text):
        yield part.strip()
        yield from (word for word in BETWEEN_WORDS.split(part) if len(word) >= SHORT)  # not "of the"


def _spellings(text: str) -> set[str]:
    """A name as it is written, without accents, and with the umlauts as two letters, as file names have them."""
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return {text, plain, text.translate(UMLAUTS)}


def _pattern(word: str) -> str:
    if len(word) >= SHORT:
        return re.escape(word)
    return rf"(?<![^\W_]){re.escape(word)}(?![^\W_])"  # an underscore parts words in names of ROIs
