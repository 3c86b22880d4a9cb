"""Place: where exactly a defect is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Place:
    """Where a defect is.

    Attributes:
        structure: TG-263 name; None where it is of the whole image or of files.
        where: plain values for JSON: slices by k, lengths in mm, volumes in cc, files, UIDs.
    """

    structure: str | None = None
    where: Mapping[str, Any] = field(default_factory=dict)
