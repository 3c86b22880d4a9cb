"""Which patient IDs mean the same patient, and which mean nobody."""

from __future__ import annotations

import re

NO_LETTER_OR_DIGIT = re.compile(r"[\W_]+")
ZEROS_OR_CROSSES = re.compile(r"0*|X*")
# What anonymisers write in place of an ID, without blanks and punctuation.
PLACEHOLDERS = frozenset(
    """
    ANON ANONYM ANONYME ANONYMOUS ANONYMISED ANONYMIZED ANONYMISIERT ANONPATIENT ANONYMOUSPATIENT ANONYMISEDPATIENT
    ANONYMIZEDPATIENT ANONYMOUSID DEIDENTIFIED DEIDENTIFIEDPATIENT PSEUDONYMISED PSEUDONYMIZED REMOVED DELETED REDACTED
    HIDDEN MASKED BLANK EMPTY DUMMY DEFAULT UNKNOWN UNKNOWNPATIENT UNDEFINED NONE NULL NIL NA NOID NONAME NOTAVAILABLE
    NOTDEFINED PATIENT PATIENTID PAT PID ID PLACEHOLDER
    """.split()  # noqa: SIM905 (a list of words is easier to read)
)


def canonical_patient_id(written: str) -> str:
    """The form in which IDs of one patient are equal: in capitals, with single blanks and none around.

    "ab12 " and "AB12" are one patient, "AB12" and "AB012" are two.
    """
    return " ".join(written.upper().split())


def tells_patients_apart(written: str) -> bool:
    """Whether an ID may belong to one patient; not if it is empty, zeros, crosses or a word such as "Anonymous"."""
    bare = NO_LETTER_OR_DIGIT.sub("", written.upper())
    return not ZEROS_OR_CROSSES.fullmatch(bare) and bare not in PLACEHOLDERS
