"""DICOM unique identifiers: fresh, the same again from the same sources, or none where something else stands."""

from __future__ import annotations

import re
import uuid

UID = re.compile(r"\d+(?:\.\d+)+")
LONGEST_UID = 64
NAMESPACE = uuid.UUID("6d1f5d0c-5d0e-4c5e-9b65-0f6a5c1c2f3b")


def new_uid(*sources: object) -> str:
    """A UID under the root 2.25: random without sources, always the same for the same sources.

    Source: DICOM PS3.5 B.2, a UUID written as a decimal number.
    """
    identifier = uuid.uuid5(NAMESPACE, "\n".join(map(str, sources))) if sources else uuid.uuid4()
    return f"2.25.{identifier.int}"


def uid_or_nothing(written: str | None) -> str:
    """A UID, or "" for what anonymisers write in its place."""
    return written if written and len(written) <= LONGEST_UID and UID.fullmatch(written) else ""
