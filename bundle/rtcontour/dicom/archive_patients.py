"""Which CT series and structure sets of an archive belong to one patient.

A patient ID is what counts, as long as it tells patients apart. Where it does not, files belong together that share a
study or a frame of reference, or of which one names the images of the other. An ID that stands in files of people of
different sex or birth date, which nothing else connects, tells nobody apart either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field

from rtcontour.dicom.archive import CtFound, PatientFound, StructureSetFound
from rtcontour.dicom.archive_patient_id import canonical_patient_id
from rtcontour.dicom.archive_stacks import CtStack
from rtcontour.dicom.archive_structure_set import StructureSetHeader
from rtcontour.dicom.archive_values import Person
from rtcontour.errors import Finding


@dataclass
class _Member:
    """A CT series or structure set on its way to a patient.

    Attributes:
        item: the record of it.
        person: whom its header is about.
        known_id: the patient ID; "" once it is known to tell nobody apart.
        shared: whether it has an ID that several people share.
        named: the CT whose images or series a structure set names.
    """

    item: CtStack | StructureSetHeader
    person: Person
    known_id: str
    shared: bool = False
    named: _Member | None = None

    @property
    def found(self) -> CtFound | StructureSetFound:
        return self.item.found

    @property
    def series_uids(self) -> tuple[str, ...]:
        """The series that it is, or names."""
        return (self.found.series_uid,) if isinstance(self.found, CtFound) else self.found.series_uids

    @property
    def ties(self) -> list[Hashable]:
        """What connects files of one patient beside the patient ID."""
        uids = (("study", self.found.study_uid), ("frame", self.found.frame_of_reference_uid))
        return [tie for tie in uids if tie[1]]


@dataclass
class _Group:
    known_id: str
    members: list[_Member] = field(default_factory=list)


def group_by_patient(stacks: Sequence[CtStack], structure_sets: Sequence[StructureSetHeader]) -> list[PatientFound]:
    """The patients of an archive, ordered by patient ID; those without come last, ordered by their UIDs.

    A structure set goes with the CT whose images it names, most of them, whatever its own patient ID says; if it names
    images of its own patient too, it stays with that one.
    """
    cts = [_Member(stack, stack.person, stack.person.known_id) for stack in stacks]
    sets = [_Member(header, header.person, header.person.known_id) for header in structure_sets]
    _find_named(sets, cts)
    _forget_shared_ids([*cts, *sets])
    groups = _groups_of_ct(cts, sets)
    _add_structure_sets(groups, sets)
    patients = [_patient(group) for group in groups if group.members]
    return sorted(patients, key=lambda patient: (patient.patient_id == "", patient.patient_id, patient.identity))


def _find_named(sets: Sequence[_Member], cts: Sequence[_Member]) -> None:
    """Note for each structure set the CT that it names: by its images, else by its series."""
    by_image: dict[str, list[int]] = {}
    by_series: dict[str, list[int]] = {}
    for number, ct in enumerate(cts):
        for uids, by_uid in ((ct.found.image_uids, by_image), (ct.series_uids, by_series)):
            for uid in uids:
                by_uid.setdefault(uid, []).append(number)
    for one in sets:
        images = Counter(number for uid in one.found.image_uids for number in by_image.get(uid, ()))
        series = Counter(number for uid in one.series_uids for number in by_series.get(uid, ()))
        named = images or series
        if named:
            best = min(named, key=lambda number: (cts[number].known_id != one.known_id, -named[number], number))
            one.named = cts[best]


def _forget_shared_ids(members: Sequence[_Member]) -> None:
    """Take the ID from members that share it with another person."""
    by_id: dict[str, list[_Member]] = {}
    for member in members:
        if member.known_id:
            by_id.setdefault(member.known_id, []).append(member)
    for some in by_id.values():
        if _several_people(_connected(some)):
            for member in some:
                member.known_id, member.shared = "", True


def _several_people(parts: list[list[_Member]]) -> bool:
    def differ(values: Callable[[Person], str]) -> bool:
        known = [{values(member.person) for member in part} - {""} for part in parts]
        known = [one for one in known if one]
        return any(not one & other for n, one in enumerate(known) for other in known[:n])

    return len(parts) > 1 and (
        differ(lambda person: person.sex if person.sex in ("M", "F") else "")
        or differ(lambda person: person.birth_date)
    )


def _connected(members: Sequence[_Member]) -> list[list[_Member]]:
    """Members by what connects them beside their patient ID: study, frame of reference, images named."""
    leader: dict[Hashable, Hashable] = {}

    def lead(node: Hashable) -> Hashable:
        while leader.setdefault(node, node) != node:
            leader[node] = leader[leader[node]]
            node = leader[node]
        return node

    for member in members:
        named = [id(member.named)] if member.named is not None else []
        for tie in (*member.ties, *named):
            leader[lead(tie)] = lead(id(member))
    parts: dict[Hashable, list[_Member]] = {}
    for member in members:
        parts.setdefault(lead(id(member)), []).append(member)
    return list(parts.values())


def _groups_of_ct(cts: Sequence[_Member], sets: Sequence[_Member]) -> list[_Group]:
    """The CT series by patient; series without an ID go with the one patient that something ties them to, if any."""
    groups = {ct.known_id: _Group(ct.known_id) for ct in cts if ct.known_id}
    ids_of: dict[Hashable, set[str]] = {}
    for member in (*cts, *sets):
        if member.known_id:
            named = [id(member.named)] if member.named is not None and not member.named.known_id else []
            for tie in (*member.ties, *named):
                ids_of.setdefault(tie, set()).add(member.known_id)
    for ct in cts:
        if ct.known_id:
            groups[ct.known_id].members.append(ct)
    nameless = []
    for part in _connected([ct for ct in cts if not ct.known_id]):
        ids = set().union(*(ids_of.get(tie, set()) for ct in part for tie in (*ct.ties, id(ct))))
        known_id = ids.pop() if len(ids) == 1 else ""
        if known_id:
            groups.setdefault(known_id, _Group(known_id)).members.extend(part)
        else:
            nameless.append(_Group("", part))
    return [*groups.values(), *nameless]


def _add_structure_sets(groups: list[_Group], sets: Sequence[_Member]) -> None:
    """Put each structure set into the group of the CT it names, else of its ID, else of its study or frame."""
    of_ct = {id(ct): group for group in groups for ct in group.members}
    of_id = {group.known_id: group for group in groups if group.known_id}
    of_tie: dict[Hashable, list[_Group]] = {}
    for group in groups:
        for tie in dict.fromkeys(tie for ct in group.members for tie in ct.ties):
            of_tie.setdefault(tie, []).append(group)
    left = []
    for one in sets:
        tied = next((found for tie in one.ties if (found := _the_one(of_tie.get(tie, [])))), None)
        if one.named is not None:
            of_ct[id(one.named)].members.append(one)
        elif one.known_id:
            if one.known_id not in of_id:
                of_id[one.known_id] = _Group(one.known_id)
                groups.append(of_id[one.known_id])
            of_id[one.known_id].members.append(one)
        elif tied is not None:
            tied.members.append(one)
        else:
            left.append(one)
    groups += [_Group("", part) for part in _connected(left)]


def _the_one(groups: list[_Group]) -> _Group | None:
    """The only group, or the only one without an ID, of those that something ties a file without an ID to."""
    nameless = [group for group in groups if not group.known_id]
    return next((some[0] for some in (groups, nameless) if len(some) == 1), None)


def _patient(group: _Group) -> PatientFound:
    stacks = [member.item for member in group.members if isinstance(member.item, CtStack)]
    sets = [member.item.found for member in group.members if isinstance(member.item, StructureSetHeader)]
    return PatientFound(
        patient_id=group.known_id,
        ct=tuple(stack.found for stack in stacks),
        structure_sets=tuple(sorted(sets, key=lambda one: (one.sop_instance_uid, one.path.as_posix()))),
        findings=tuple(_findings(group, stacks, sets)),
    )


def _findings(group: _Group, stacks: list[CtStack], sets: list[StructureSetFound]) -> Iterable[Finding]:
    written = {spelling for stack in stacks for spelling in stack.spellings} | {one.patient_id for one in sets}
    spellings = {spelling for spelling in written if canonical_patient_id(spelling) == group.known_id}
    if group.known_id and len(spellings) > 1:
        message = f"the patient ID is written in {len(spellings)} ways, which differ in case or blanks only"
        yield Finding("patient-id-spellings", message, "note")
    if any(member.shared for member in group.members):
        message = (
            "files of people of other sex or birth date have the same patient ID; patients were told apart by study, "
            "frame of reference and the images that structure sets name"
        )
        yield Finding("patient-id-shared", message)
    copies = sum(stack.copies for stack in stacks)
    if copies:
        message = f"CT files whose image another file of the archive holds too: {copies}; each image is kept once"
        yield Finding("files-copied", message, "note")
    divided = {stack.found.series_uid for stack in stacks if stack.parts > 1}
    if divided:
        message = f"CT series of several stacks, of other orientation, size or acquisition: {len(divided)}; taken apart"
        yield Finding("series-divided", message, "note")
    uids = Counter(one.sop_instance_uid for one in sets if one.sop_instance_uid)
    if uids and max(uids.values()) > 1:
        message = f"{max(uids.values())} structure sets of different content have one SOP Instance UID"
        yield Finding("uid-shared", message)
