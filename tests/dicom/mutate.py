"""Damage to DICOM files, of the kinds that transfers, anonymisers and broken exports do; reproducible from a seed."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator
from io import BytesIO

import pydicom
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

ODD_TEXTS = [
    b"", b" ", b"\\", b"\\\\\\", b"nan", b"NaN\\1\\2", b"inf", b"-inf\\0\\0", b"1e999", b"1e308\\1e308\\1e308\\-1e308",
    b"99999999999999999999", b"-1", b"0", b"1,5\\2,5", b"0x10", b"1_0", b"\xff\xfe", b"\x1b$B\x1b", b"\x00\x00", b"12 ",
    b"1\\2", b"3.5", b"2147483648", b"4294967295", b"65536", b"A" * 3000, "Größe".encode(), b"1\\0\\0\\1\\0\\0",
    b"0\\0\\0\\0\\0\\0", b"1e-320\\1e-320",
]  # fmt: skip
VRS = """AE AS AT CS DA DS DT FD FL IS LO LT OB OW PN SH SL SQ SS ST TM UI UL UN US UT""".split()  # noqa: SIM905


def mutate(original: bytes, seed: int) -> bytes:
    """A damaged copy of a DICOM file."""
    chance = random.Random(seed)
    damage = chance.choice([damage_bytes, damage_bytes, damage_values, damage_values, damage_values])
    damaged = damage(original, chance)
    return cut(damaged, chance) if chance.random() < 0.1 else damaged


def damage_bytes(content: bytes, chance: random.Random) -> bytes:
    """Bits flipped, parts cut out, doubled or overwritten, lengths made huge."""
    damaged = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 5, 30])):
        at = chance.randrange(len(damaged))
        kind = chance.randrange(6)
        if kind == 0:
            damaged[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            damaged[at] = chance.randrange(256)
        elif kind == 2:
            del damaged[at : at + chance.choice([1, 2, 8, 100])]
        elif kind == 3:
            damaged[at:at] = damaged[at : at + chance.choice([1, 8, 200])]
        elif kind == 4:
            damaged[at : at + 4] = struct.pack("<L", chance.choice([0, 1, 0xFFFFFFFF, 0xFFFFFFFE, 0x7FFFFFFF, 70000]))
        else:
            damaged[at : at + 8] = bytes(chance.choice([0, 255]) for _ in range(8))
        if not damaged:
            return b""
    return bytes(damaged)


def cut(content: bytes, chance: random.Random) -> bytes:
    """Only the beginning."""
    return content[: chance.randrange(len(content) + 1)]


def damage_values(content: bytes, chance: random.Random) -> bytes:
    """A whole file whose elements say something else: values, value representations, multiplicities, nesting."""
    dataset = pydicom.dcmread(BytesIO(content))
    damages = [_other_text, _other_text, _other_text, _without, _other_vr, _many, _nested, _no_items, _other_number]
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        holder = chance.choice(list(_holders(dataset)))
        tags = list(holder.keys())
        if tags:
            chance.choice(damages)(holder, chance.choice(tags), chance)
    return _encoded(dataset, chance)


def _holders(dataset: Dataset) -> Iterator[Dataset]:
    """The data set and every item in it, those with few elements as often as those with many."""
    yield dataset
    for element in dataset:
        if element.VR == "SQ" and not isinstance(element.value, bytes):
            for item in element.value or ():
                yield from _holders(item)


def _other_text(holder: Dataset, tag: int, chance: random.Random) -> None:
    value = chance.choice(ODD_TEXTS)
    holder[tag] = DataElement(tag, "OB", value + b" " * (len(value) % 2))


def _other_number(holder: Dataset, tag: int, chance: random.Random) -> None:
    number = chance.choice([0, 1, 2, 255, 4095, 32767, 65535])
    holder[tag] = DataElement(tag, "US", number)


def _without(holder: Dataset, tag: int, chance: random.Random) -> None:
    del holder[tag]


def _other_vr(holder: Dataset, tag: int, chance: random.Random) -> None:
    holder[tag] = DataElement(tag, "OB", chance.randbytes(2 * chance.randrange(20)))
    if chance.random() < 0.5:
        item = Dataset()
        item.add_new(0x00100010, "PN", "X")
        holder[tag] = DataElement(tag, "SQ", [item])


def _many(holder: Dataset, tag: int, chance: random.Random) -> None:
    holder[tag] = DataElement(tag, "OB", b"\\".join([b"1.25"] * chance.choice([2, 3, 7, 20000])) + b" ")


def _nested(holder: Dataset, tag: int, chance: random.Random) -> None:
    """Sequences of one item each, one within the other."""
    inner = Dataset()
    inner.PatientID = "X"
    for _ in range(chance.choice([3, 60])):
        outer = Dataset()
        outer.add_new(tag, "SQ", [inner])
        inner = outer
    holder[tag] = inner[tag]


def _no_items(holder: Dataset, tag: int, chance: random.Random) -> None:
    holder[tag] = DataElement(tag, "SQ", [Dataset()] * chance.choice([0, 1, 3]))


def _encoded(dataset: Dataset, chance: random.Random) -> bytes:
    """In Implicit VR, where a value needs no right VR, or in Explicit VR, where it may lie about it."""
    written = BytesIO()
    explicit = chance.random() < 0.3
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian if explicit else ImplicitVRLittleEndian
    write: Callable[..., None] = pydicom.dcmwrite
    try:
        write(written, dataset, enforce_file_format=False)
    except Exception:  # pydicom refuses to write some damage; the raw bytes are damaged elsewhere
        return chance.randbytes(300)
    content = bytearray(written.getvalue())
    if explicit:
        for _ in range(chance.randrange(3)):
            at = chance.randrange(len(content) - 2)
            found = content.find(chance.choice(VRS).encode(), at)
            if found > 0:
                content[found : found + 2] = chance.choice(VRS).encode()
    return bytes(content)
