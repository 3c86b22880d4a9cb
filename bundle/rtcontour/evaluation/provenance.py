"""Provenance: with which programs and which weights an evaluation was made."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import version
from pathlib import Path

from rtcontour.errors import InputFileError

PACKAGES = ("rtcontour", "numpy", "scipy", "pydicom", "nibabel", "matplotlib")
BLOCK_BYTES = 2**20


def software_versions() -> dict[str, str]:
    """Program -> version, of everything that had a part in the numbers."""
    return {"Python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


def file_hash(path: str | Path) -> str:
    """SHA-256 of a file, hexadecimal: what tells one file of weights from another.

    Raises:
        InputFileError: it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with Path(path).open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                digest.update(block)
    except OSError as error:
        raise InputFileError(f"{path}: cannot be read ({error.strerror}); name the file of the weights") from error
    return digest.hexdigest()
