"""The defects of the clinic: a table of all kinds, and which patient gets which."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rtcontour.errors import ConfigError
from rtcontour.phantom.clinic import contour_defects, file_defects, image_defects, name_defects
from rtcontour.phantom.clinic.case import Case
from rtcontour.phantom.clinic.export import Export
from rtcontour.phantom.clinic.place import Place

PATIENTS_A_BLOCK = 3  # of which one is clean
BLOCK, ORDER = 101, 102  # streams of random numbers


@dataclass(frozen=True)
class Kind:
    """One kind of defect.

    Attributes:
        name: of the kind.
        finding: the code that tells of it; None where the import acts on it without one.
        in_case: changes the patient before the export; None for a defect of files.
        in_files: changes the files of an export; None for a defect of the patient.
        not_imported: whether no data set may have the patient.
    """

    name: str
    finding: str | None = None
    in_case: Callable[[Case, np.random.Generator], tuple[Case, Place]] | None = None
    in_files: Callable[[Export, np.random.Generator], Place] | None = None
    not_imported: bool = False


@dataclass(frozen=True)
class Planted:
    """A defect that is there."""

    kind: Kind
    patient_id: str
    place: Place

    def to_json(self) -> dict[str, Any]:
        """Its entry in planted.json."""
        return {
            "kind": self.kind.name,
            "patient_id": self.patient_id,
            "structure": self.place.structure,
            "finding": self.kind.finding,
            "where": dict(self.place.where),
            "not_imported": self.kind.not_imported,
        }


KINDS = (
    Kind("sides-swapped", "sides-swapped", in_case=name_defects.swap_sides),
    Kind("name-unresolved", "name-unresolved", in_case=name_defects.misspell),
    Kind("structure-twice", "structure-twice", in_case=name_defects.keep_older_version),
    Kind("roi-duplicate", "roi-duplicate", in_case=name_defects.copy_another),
    Kind("roi-empty", "roi-empty", in_case=name_defects.leave_empty),
    Kind("island", "islands", in_case=contour_defects.forget_blob),
    Kind("stray-contour", "islands", in_case=contour_defects.stray_contour),
    Kind("hole", "holes", in_case=contour_defects.pierce),
    Kind("cavity", "holes", in_case=contour_defects.hollow_out),
    Kind("slices-left-out", "slices-left-out", in_case=contour_defects.leave_slices_out),
    Kind("outside-body", "outside-body", in_case=contour_defects.slip_outside),
    Kind("volume-too-large", "volume-unlikely", in_case=contour_defects.draw_too_large),
    Kind("volume-too-small", "volume-unlikely", in_case=contour_defects.draw_too_small),
    Kind("displaced", "position-unlikely", in_case=contour_defects.displace),
    Kind("cut-at-border", "cut-at-border", in_case=image_defects.start_too_high),
    Kind("thick-slices", "spacing-unusual", in_case=image_defects.thicken_slices),
    Kind("narrow-field-of-view", "field-of-view-unusual", in_case=image_defects.narrow_field),
    Kind("hu-shifted", "hu-scale-unlikely", in_case=image_defects.shift_hu),
    Kind("hu-scaled", "hu-scale-unlikely", in_case=image_defects.scale_hu),
    Kind("metal-hip", "metal", in_case=image_defects.implant_hip),
    Kind("burnt-in-text", in_case=image_defects.burn_text_in, not_imported=True),
    Kind("newer-unapproved", in_files=file_defects.add_newer_unapproved),
    Kind("second-ct", in_files=file_defects.add_second_ct),
    Kind("replanned", in_files=file_defects.add_replan),
    Kind("ct-missing", in_files=file_defects.lose_ct, not_imported=True),
    Kind("rtstruct-missing", in_files=file_defects.lose_structure_set, not_imported=True),
    Kind("series-reference-gone", "paired-by-frame", in_files=file_defects.change_references),
    Kind("frame-of-reference-differs", in_files=file_defects.change_frame, not_imported=True),
    Kind("rtstruct-truncated", in_files=file_defects.truncate_structure_set, not_imported=True),
    Kind("ct-slice-truncated", in_files=file_defects.truncate_slice, not_imported=True),
    Kind("ct-slice-missing", "slice-missing", in_files=file_defects.lose_slice),
    Kind("exported-twice", "files-copied", in_files=file_defects.export_twice),
    Kind("localizer", in_files=file_defects.add_localizer),
    Kind("plan-and-dose", in_files=file_defects.add_plan_and_dose),
    Kind("other-files", in_files=file_defects.add_other_files),
    Kind("patient-id-spelling", "patient-id-spellings", in_files=file_defects.respell_patient_id),
)
BY_NAME = {kind.name: kind for kind in KINDS}


def chosen_kinds(defects: bool | Sequence[str]) -> tuple[Kind, ...]:
    """All kinds, none, or those named.

    Raises:
        ConfigError: a name that is no kind.
    """
    if isinstance(defects, bool):
        return KINDS if defects else ()
    unknown = [name for name in defects if name not in BY_NAME]
    if unknown:
        raise ConfigError(f"defects: {', '.join(unknown)} is no kind of defect; expected of {', '.join(BY_NAME)}")
    return tuple(BY_NAME[name] for name in defects)


def deal(seed: int, number: int, kinds: Sequence[Kind]) -> Kind | None:
    """The defect of patient `number`; None for a clean one.

    Of each three in a row one is clean. The others take the kinds in turn, in an order that the seed shuffles once, so
    every kind has come up after one and a half times as many patients as there are kinds.
    """
    if not kinds:
        return None
    block, place = divmod(number, PATIENTS_A_BLOCK)
    clean = int(np.random.default_rng([seed, block, BLOCK]).integers(PATIENTS_A_BLOCK))
    if place == clean:
        return None
    turn = (PATIENTS_A_BLOCK - 1) * block + place - (place > clean)
    order = np.random.default_rng([seed, ORDER]).permutation(len(kinds))
    return kinds[order[turn % len(kinds)]]
