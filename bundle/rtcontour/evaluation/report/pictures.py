"""Pictures that a report shows, and how they become part of its file."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rtcontour.errors import InputFileError

MEDIA_TYPES = {".png": "image/png", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class Picture:
    """A PNG or an SVG with what it shows in words."""

    caption: str
    path: Path

    @property
    def is_plot(self) -> bool:
        """Whether it shows numbers and not a CT."""
        return self.path.suffix == ".svg"

    @property
    def source(self) -> str:
        """The file as a data URI, so that the page needs no other file.

        Raises:
            InputFileError: it cannot be read.
        """
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise InputFileError(f"{self.path}: cannot be read ({error.strerror}); draw the picture first") from error
        return f"data:{MEDIA_TYPES[self.path.suffix]};base64,{base64.b64encode(content).decode('ascii')}"


@dataclass(frozen=True)
class Illustrations:
    """Every picture of a report by its place.

    Attributes:
        plots: of all structures together.
        by_structure: structure -> plots and pictures of that one.
        cases: whole cases with all their structures.
        worst: the cases that agree least.
    """

    plots: tuple[Picture, ...] = ()
    by_structure: Mapping[str, tuple[Picture, ...]] = field(default_factory=dict)
    cases: tuple[Picture, ...] = ()
    worst: tuple[Picture, ...] = ()
