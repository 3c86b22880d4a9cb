"""Invented patients, and the clinic that treats them. All names are put together from word lists of our own.

Every identifying text has eight letters or more, so that finding it in an output is no accident.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from rtcontour.phantom.patient import stream

FAMILY_BEGINS = (
    "Bramble",
    "Copper",
    "Feather",
    "Hazel",
    "Lantern",
    "Marble",
    "Pebble",
    "Quill",
    "Saffron",
    "Thistle",
    "Velvet",
    "Willow",
    "Möwen",
    "Nebel",
)
FAMILY_ENDS = (
    "wick",
    "combe",
    "hurst",
    "stead",
    "worth",
    "thorpe",
    "garten",
    "brook",
    "mere",
    "holm",
    "haven",
    "croft",
)
GIVEN_BEGINS = {
    "F": ("Phantom", "Synth", "Voxel", "Pixel", "Mocka"),
    "M": ("Phantom", "Synth", "Voxel", "Pixel", "Dummy"),
}
GIVEN_ENDS = {
    "F": ("inella", "ulina", "osine", "avette", "emilde"),
    "M": ("obert", "anius", "osvald", "ericus", "ibald"),
}
STREETS = ("Periwinkle", "Juniper", "Mulberry", "Hollyhock", "Cowslip", "Foxglove")
TOWNS = ("Hounsfield-on-Sea", "Testingham", "Samplebury", "Null-Island", "Gridminster")
HOSPITALS = ("Mockingford", "Placeholder", "Exemplar", "Imaginary")
TO_ASCII = str.maketrans({"ö": "oe", "Ö": "OE", "ü": "ue", "Ü": "UE"})


@dataclass(frozen=True)
class Hospital:
    """The clinic, one for a whole export: where, who works there, and with which machines."""

    name: str
    address: str
    department: str
    physicians: tuple[str, ...]
    planners: tuple[str, ...]
    station: str
    serial_number: str


@dataclass(frozen=True)
class Person:
    """An invented patient, and all texts of an export that tell who it is.

    Attributes:
        family: as written in a sentence.
        given: the same.
        sex: "F" | "M".
        birth_date: YYYYMMDD.
        patient_id: unique in the clinic; in capitals.
        other_id: a number of another hospital.
        street: and number.
        town: where.
        phone: number.
        accession: number of the scan's request.
        study_id: the clinic's own number of the treatment.
        remark: a line that somebody wrote into a comment.
        private: a text in private attributes.
    """

    family: str
    given: str
    sex: str
    birth_date: str
    patient_id: str
    other_id: str
    street: str
    town: str
    phone: str
    accession: str
    study_id: str
    remark: str
    private: str

    @property
    def dicom_name(self) -> str:
        """Family^Given in capitals."""
        return f"{self.family}^{self.given}".upper()

    @property
    def folder(self) -> str:
        """A folder name as ARIA's exports have them, without letters beyond ASCII."""
        return f"{self.family}_{self.given}_{self.patient_id}".translate(TO_ASCII)


def draw_hospital(seed: int) -> Hospital:
    """The clinic of a seed."""
    rng = stream(seed, "hospital")
    people = [f"{_family(rng)}^Dr {_given(rng, 'FM'[n % 2])}".upper() for n in range(6)]
    name = f"{rng.choice(HOSPITALS)} General Hospital"
    return Hospital(
        name=name,
        address=f"{_street(rng)}, {rng.choice(TOWNS)}",
        department=f"Radiotherapy of the {name}",
        physicians=tuple(people[:3]),
        planners=tuple(people[3:]),
        station=f"{name.split()[0].upper()}-CT{rng.integers(1, 9)}",
        serial_number=f"SN-{_digits(rng, 9)}",
    )


def draw_person(seed: int, number: int, *, sex: str, age_on: int) -> Person:
    """Patient `number` of the clinic of `seed`, who was 30 to 88 in the year `age_on`."""
    rng = np.random.default_rng([seed, number, 11])
    family, year = _family(rng), age_on - int(rng.integers(30, 89))
    return Person(
        family=family,
        given=_given(rng, sex),
        sex=sex,
        birth_date=f"{year:04d}{rng.integers(1, 13):02d}{rng.integers(1, 29):02d}",
        patient_id=f"RT{_digits(rng, 5)}-{number:05d}",
        other_id=f"KIS{_digits(rng, 8)}",
        street=_street(rng),
        town=str(rng.choice(TOWNS)),
        phone=f"+00 {_digits(rng, 4)} {_digits(rng, 6)}",
        accession=f"ACC{_digits(rng, 9)}",
        study_id=f"TX{_digits(rng, 7)}",
        remark=f"transferred by {_family(rng)} on {_digits(rng, 6)}",
        private=f"{family.upper()}-{_digits(rng, 8)}",
    )


def identifiers(person: Person, hospital: Hospital) -> list[str]:
    """Every string that no output may hold, names and numbers in capitals and in small letters."""
    told = [
        str(getattr(person, field.name)) for field in fields(person) if field.name not in ("sex", "family", "given")
    ]
    of_clinic = [hospital.name, hospital.address, hospital.department, hospital.station, hospital.serial_number]
    staff = [part for one in (*hospital.physicians, *hospital.planners) for part in one.split("^")]
    names = [form(name) for name in (person.family, person.given) for form in (str, str.upper, str.lower)]
    names.append(person.patient_id.lower())
    return sorted({*told, *of_clinic, *staff, *names, *(name.translate(TO_ASCII) for name in names)})


def _family(rng: np.random.Generator) -> str:
    return str(rng.choice(FAMILY_BEGINS)) + str(rng.choice(FAMILY_ENDS))


def _given(rng: np.random.Generator, sex: str) -> str:
    return str(rng.choice(GIVEN_BEGINS[sex])) + str(rng.choice(GIVEN_ENDS[sex]))


def _street(rng: np.random.Generator) -> str:
    return f"{rng.integers(1, 200)} {rng.choice(STREETS)} Lane"


def _digits(rng: np.random.Generator, count: int) -> str:
    return "".join(map(str, rng.integers(0, 10, count)))
