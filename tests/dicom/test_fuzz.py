"""Damaged files are read or refused in one line: no crash, no hang, no memory beyond 1 GiB (fuzz.py)."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from rtcontour.dicom import read_ct_series, read_structure_set
from rtcontour.errors import InputFileError

FUZZ = Path(__file__).with_name("fuzz.py")


@pytest.mark.parametrize(("kind", "count"), [("structure_set", 1500), ("ct", 1000), ("enhanced_ct", 500)])
def test_damage_of_any_kind_is_read_or_refused(kind, count):
    ran = subprocess.run(
        [sys.executable, FUZZ, kind, "0", str(count)], capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    read, refused = map(int, ran.stdout.split())
    assert read + refused == count and min(read, refused) > count / 20  # the damage is neither trifling nor total


def test_sequences_nested_without_end_are_refused(tmp_path):
    begin = struct.pack("<HHL", 0x3006, 0x0039, 0xFFFFFFFF) + struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF)
    path = tmp_path / "deep.dcm"
    path.write_bytes(b"\x08\x00\x60\x00" + struct.pack("<L", 8) + b"RTSTRUCT" + begin * 50_000)
    with pytest.raises(InputFileError, match=r"deep\.dcm"):
        read_structure_set(path)
    with pytest.raises(InputFileError, match=r"deep\.dcm"):
        read_ct_series(tmp_path)


@pytest.mark.parametrize("reader", [read_structure_set, lambda path: read_ct_series(path.parent)])
def test_a_small_file_that_inflates_without_end_is_refused(tmp_path, reader):
    syntax = b"1.2.840.10008.1.2.1.99"
    meta = struct.pack("<HH2sH", 2, 0x0010, b"UI", len(syntax)) + syntax
    head = bytes(128) + b"DICM" + struct.pack("<HH2sHL", 2, 0, b"UL", 4, len(meta)) + meta
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(600)) + packer.flush()
    (tmp_path / "bomb.dcm").write_bytes(head + bomb)
    with pytest.raises(InputFileError, match="inflates to over 512 MiB"):
        reader(tmp_path / "bomb.dcm")


def test_a_header_that_announces_more_voxels_than_the_file_holds_is_refused(tmp_path, dicom):
    for z in range(3):
        dicom.save(dicom.ct_slice(np.zeros((2, 2)), (0, 0, z), Rows=65535, Columns=65535), tmp_path / f"{z}.dcm")
    with pytest.raises(InputFileError, match="announces 65535 x 65535 voxels"):
        read_ct_series(tmp_path)
