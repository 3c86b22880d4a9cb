"""Which Specific Character Set spells the names of a structure set, and how to read names without one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydicom.charset import convert_encodings
from pydicom.dataset import Dataset

from rtcontour.dicom.dicom_file import text
from rtcontour.errors import StructureNameError

LATIN_1 = "ISO_IR 100"
UTF_8 = "ISO_IR 192"


def character_set_for(texts: Iterable[str]) -> str:
    """Latin-1 where it suffices, since some planning systems do not read UTF-8; else UTF-8."""
    return LATIN_1 if all(_can_spell("latin-1", text) for text in texts) else UTF_8


def check_spelling(dataset: Dataset, texts: Iterable[str], path: Path) -> None:
    """Make sure that names and labels can be added to a file whose text stays as it is.

    Raises:
        StructureNameError: one has letters that the file's character set lacks.
    """
    declared = dataset.get("SpecificCharacterSet")
    encodings = convert_encodings(declared) if declared else ["ascii"]
    for name in texts:
        if not any(_can_spell(encoding, name) for encoding in encodings):
            raise StructureNameError(
                f"{path}: its character set {declared or 'ISO_IR 6 (ASCII)'} cannot spell {name!r}; "
                "give it a name in ASCII, or write a structure set of its own"
            )


def declares_no_letters(dataset: Dataset) -> bool:
    """Whether a file names no character set, or ASCII, so that any other letter in it is undefined."""
    return text(dataset, "SpecificCharacterSet") in ("", "ISO_IR 6", "ISO 2022 IR 6")


def undeclared_text(stored: bytes) -> str:
    """Text of a file that declares no letters: UTF-8 if its bytes make sense as such, else Latin-1.

    Bytes of another encoding hardly ever make valid UTF-8; Latin-1 takes any.
    """
    try:
        letters = stored.decode("utf-8")
    except UnicodeDecodeError:
        letters = stored.decode("latin-1")
    return letters.strip(" \0")


def _can_spell(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
