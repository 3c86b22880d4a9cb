"""Which structure set of a patient is used, and with which CT."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rtcontour.datasets.cohort.geometry import closed_contours, place_on
from rtcontour.errors import DataSetError, Finding, RtContourError

if TYPE_CHECKING:
    from rtcontour.dicom.archive import CtFound, PatientFound, StructureSetFound

APPROVALS = {"APPROVED": 0, "REJECTED": 2}  # anything else, none too, comes between
WRITTEN = ("approved", "not approved", "rejected")
REFERENCE, FRAME, GEOMETRY = "reference", "frame of reference", "geometry"
REMEDY = "say --ignore-frame-of-reference if the coordinates are known to agree"

CountNames = Callable[["StructureSetFound"], int]


@dataclass(frozen=True)
class NotUsed:
    """A CT or structure set of a patient that is not used.

    Attributes:
        kind: "CT" or "RTSTRUCT".
        uid: Series Instance UID or SOP Instance UID.
        why: the reason, without UIDs, dates or names of files.
    """

    kind: str
    uid: str
    why: str


@dataclass(frozen=True)
class Pair:
    """A structure set and the CT it goes with.

    Attributes:
        ct: the CT.
        structure_set: the structure set.
        paired_by: "reference", "frame of reference" or "geometry".
        not_used: all else of the patient.
        findings: what is odd about the two, without UIDs, dates or names of files.
    """

    ct: CtFound
    structure_set: StructureSetFound
    paired_by: str
    not_used: tuple[NotUsed, ...] = ()
    findings: tuple[Finding, ...] = ()


def choose_pair(
    patient: PatientFound, *, names: CountNames | None = None, ignore_frame_of_reference: bool = False
) -> Pair:
    """Choose the structure set of a patient and its CT.

    1. A structure set goes with the CT whose images it names. Where it names images of several, those in its own frame
       of reference come first, then the one whose images most of its contours name, then the one of which it names most
       images, then the newest.
    2. If no such image is there, it goes with the CT whose series it names.
    3. Else it goes with the CT of its frame of reference in which all its closed contours lie, inside the scanned
       volume and on its slices; or, with a warning, with one that fits where it or the CT names no frame at all. Where
       several fit, the one whose slices are nearest is taken, then the newest.
    4. Else it goes with none, unless `ignore_frame_of_reference`: then with the CT that fits by 3, of any frame.
    5. A structure set in another frame of reference than the CT that it names goes with none, unless
       `ignore_frame_of_reference`.
    6. Of those that go with a CT, approved ones come before others and rejected ones last; then the newest by date and
       time; then the smallest SOP Instance UID; of different files with one UID, the one that names most images, then
       the first path. One without a contour of a wanted structure comes after all that have one.

    Args:
        patient: of an archive.
        names: how many wanted structures a structure set has contours of; asked only where there is a choice. None if
            nothing is wanted in particular.
        ignore_frame_of_reference: take coordinates of another frame of reference as if they were the CT's.

    Raises:
        DataSetError: there is no CT, no structure set, or none goes with a CT; the line has no UID, date or path.
    """
    _check_there(patient)
    found = [(one, _match(one, patient.ct, ignore_frame_of_reference)) for one in patient.structure_sets]
    ranked = sorted((match for _, match in found if isinstance(match, Pair)), key=_rank)
    if not ranked:
        raise DataSetError(_nothing_fits(patient, [why for _, why in found if isinstance(why, str)]))
    chosen, without = _first_with_names(ranked, names)
    not_used = [
        NotUsed("RTSTRUCT", one.sop_instance_uid, match if isinstance(match, str) else _why(match, chosen, without))
        for one, match in found
        if match is not chosen
    ]
    not_used += [NotUsed("CT", ct.series_uid, _why_not_ct(ct, ranked)) for ct in patient.ct if ct is not chosen.ct]
    findings = (*chosen.findings, *_rejected(chosen), *_other_patient(chosen))
    return Pair(chosen.ct, chosen.structure_set, chosen.paired_by, tuple(not_used), findings)


def _check_there(patient: PatientFound) -> None:
    counts = f"{_count(patient.ct, 'CT series')}, {_count(patient.structure_sets, 'structure set')}"
    lost = "".join(f"; {finding.message}" for finding in patient.findings if finding.code == "file-unreadable")
    if not patient.ct:
        raise DataSetError(f"has no CT ({counts}){lost}; export the CT that was contoured")
    if not patient.structure_sets:
        raise DataSetError(f"has no structure set ({counts}){lost}; export the contours of this CT")


def _match(structure_set: StructureSetFound, cts: Sequence[CtFound], ignore: bool) -> Pair | str:
    """The structure set with its CT, or why it goes with none."""
    ct = _named_by_images(structure_set, cts) or _named_by_series(structure_set, cts)
    if ct is not None:
        if _frames_differ(structure_set, ct) and not ignore:
            return f"lies in another frame of reference than the CT that it names; {REMEDY}"
        return Pair(ct, structure_set, REFERENCE, findings=_missing_images(structure_set, cts))
    frame = structure_set.frame_of_reference_uid
    same = [ct for ct in cts if frame and ct.frame_of_reference_uid == frame]
    others = [ct for ct in cts if ct not in same and (ignore or not _frames_differ(structure_set, ct))]
    reasons = []
    for some, paired_by in ((same, FRAME), (others, GEOMETRY)):
        match = _by_geometry(structure_set, some, paired_by) if some else ""
        if isinstance(match, Pair):
            return match
        reasons.append(match)
    return next(filter(None, reasons), f"{_lacks(structure_set)}; {REMEDY}")


def _named_by_images(structure_set: StructureSetFound, cts: Sequence[CtFound]) -> CtFound | None:
    named = {n: len(structure_set.image_uids.intersection(ct.image_uids)) for n, ct in enumerate(cts)}
    named = {n: images for n, images in named.items() if images}
    if len(named) < 2:
        return next((cts[n] for n in named), None)
    contours = _contours_naming(structure_set, [cts[n] for n in named])
    drawn = dict(zip(named, contours, strict=True))
    best = max(
        named, key=lambda n: (not _frames_differ(structure_set, cts[n]), drawn[n], named[n], *_newest_last(cts[n]))
    )
    return cts[best]


def _contours_naming(structure_set: StructureSetFound, cts: Sequence[CtFound]) -> list[int]:
    """How many contours name an image of each CT; none where the file cannot be read, which shows later."""
    from rtcontour.dicom import read_structure_set

    try:
        rois = read_structure_set(structure_set.path).rois
    except RtContourError:
        return [0] * len(cts)
    named = Counter(contour.image_uid for roi in rois for contour in roi.contours if contour.image_uid)
    return [sum(named[uid] for uid in set(ct.image_uids)) for ct in cts]


def _named_by_series(structure_set: StructureSetFound, cts: Sequence[CtFound]) -> CtFound | None:
    named = [ct for ct in cts if ct.series_uid and ct.series_uid in structure_set.series_uids]
    return max(
        named,
        key=lambda ct: (not _frames_differ(structure_set, ct), len(ct.depths_mm), *_newest_last(ct)),
        default=None,
    )


def _by_geometry(structure_set: StructureSetFound, cts: Sequence[CtFound], paired_by: str) -> Pair | str:
    """The CT on whose slices all contours lie; `paired_by` says why these CTs are asked."""
    try:
        contours = closed_contours(structure_set.path)
    except RtContourError:
        return "names no image that is there, and its contours cannot be read"
    if not contours:
        return "names no image that is there, and has no closed contours to tell by where they lie"
    places = [(place_on(contours, ct), ct) for ct in cts]
    fitting = [(place.distance_mm, ct) for place, ct in places if not place.off]
    if not fitting:
        off = min(place.off for place, _ in places)
        of = "its frame of reference" if paired_by == FRAME else "the patient"
        return (
            f"names no image that is there, and {off} of {len(contours)} contours are off the slices of the CT of {of}"
        )
    _, ct = max(fitting, key=lambda one: (-round(one[0], 2), *_newest_last(one[1])))
    several = f"; {len(fitting)} CTs would fit" if len(fitting) > 1 else ""
    if paired_by == FRAME:
        message = f"the structure set names no image of the CT; they have one frame of reference{several}"
        return Pair(ct, structure_set, FRAME, findings=(Finding("paired-by-frame", message, "note"),))
    message = f"the structure set names neither images nor frame of reference of the CT; its contours fit{several}"
    return Pair(ct, structure_set, GEOMETRY, findings=(Finding("paired-by-geometry", message),))


def _frames_differ(structure_set: StructureSetFound, ct: CtFound) -> bool:
    frames = {structure_set.frame_of_reference_uid, ct.frame_of_reference_uid}
    return len(frames - {""}) == 2


def _newest_last(ct: CtFound) -> tuple[str, ...]:
    return ct.date, ct.time, ct.series_uid, *sorted(ct.image_uids)[:1]


def _lacks(structure_set: StructureSetFound) -> str:
    """What tells of no CT that is there: images, and frame of reference."""
    images = "images that are not there" if structure_set.image_uids or structure_set.series_uids else "no images"
    frame = "a frame of reference that no CT has" if structure_set.frame_of_reference_uid else "no frame of reference"
    return f"names {images} and {frame}"


def _missing_images(structure_set: StructureSetFound, cts: Sequence[CtFound]) -> tuple[Finding, ...]:
    """Images of the CT that were lost; of several series named, others than CT may rightly not be there."""
    there = {uid for ct in cts for uid in ct.image_uids}
    missing = len(structure_set.image_uids - there)
    if not missing or len(structure_set.series_uids) > 1:
        return ()
    message = f"{missing} of {len(structure_set.image_uids)} images that the structure set names are not in the archive"
    return (Finding("images-missing", message),)


def _rank(match: Pair) -> tuple:
    one = match.structure_set
    moment = (-int(one.date or 0), -int(one.time or 0))
    named = len(one.image_uids) if match.paired_by == REFERENCE else 0
    return _approval(one), *moment, one.sop_instance_uid, -named, one.path.as_posix()


def _approval(structure_set: StructureSetFound) -> int:
    return APPROVALS.get(structure_set.approval, 1)


def _first_with_names(ranked: Sequence[Pair], names: CountNames | None) -> tuple[Pair, Sequence[Pair]]:
    """The first that has contours of wanted structures, and those before it that have none."""
    if names is None or len(ranked) == 1:
        return ranked[0], ()
    for place, match in enumerate(ranked):
        if names(match.structure_set) > 0:
            return match, ranked[:place]
    return ranked[0], ranked[1:]


def _why(match: Pair, chosen: Pair, without: Sequence[Pair]) -> str:
    one, used = match.structure_set, chosen.structure_set
    if any(match is other for other in without):
        return "has no contour of a wanted structure"
    if _approval(one) != _approval(used):
        return f"is {WRITTEN[_approval(one)]}, the one used is {WRITTEN[_approval(used)]}"
    if (one.date, one.time) != (used.date, used.time):
        return "is older than the one used"
    if one.sop_instance_uid != used.sop_instance_uid:
        return "is as old as the one used, and its UID is larger"
    return "has the SOP Instance UID of the one used, and other content"


def _why_not_ct(ct: CtFound, ranked: Sequence[Pair]) -> str:
    if any(match.ct is ct for match in ranked):
        return "its structure set is not the one used"
    return "no structure set goes with it"


def _rejected(match: Pair) -> list[Finding]:
    if match.structure_set.approval != "REJECTED":
        return []
    return [Finding("structure-set-rejected", "the structure set was rejected, and there is no better one")]


def _other_patient(match: Pair) -> list[Finding]:
    from rtcontour.dicom.archive_patient_id import canonical_patient_id, tells_patients_apart

    written = (match.structure_set.patient_id, match.ct.patient_id)
    if not all(map(tells_patients_apart, written)) or len(set(map(canonical_patient_id, written))) == 1:
        return []
    message = "the structure set has another patient ID than the CT whose images it names; it goes with the CT"
    return [Finding("patient-differs", message)]


def _nothing_fits(patient: PatientFound, reasons: Sequence[str]) -> str:
    there = f"{_count(patient.structure_sets, 'structure set')} and {_count(patient.ct, 'CT series')}"
    whys = "; ".join(f"{why}{f' ({times} times)' if times > 1 else ''}" for why, times in Counter(reasons).items())
    return f"has {there} that do not belong together: it {whys}"


def _count(items: Sequence[object], what: str) -> str:
    return f"{len(items)} {what}{'' if len(items) == 1 or what.endswith('s') else 's'}"
