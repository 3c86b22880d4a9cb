"""One patient of the clinic with any kind of defect, and what an ordinary reader makes of its files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import pytest
from pydicom import dcmread

from rtcontour.contours import rasterize
from rtcontour.dicom import read_ct_series, read_structure_set
from rtcontour.phantom.clinic import clinic
from rtcontour.phantom.clinic.defects import chosen_kinds, deal
from rtcontour.structures import find_structure

SEED = 5
SIZES = ((4.0, 4.5, 6.0), 34, (120, 84))  # rectangular, anisotropic


@dataclass(frozen=True)
class Seen:
    """A patient's folder as read from disk, and what planted.json would say."""

    root: Path
    planted: dict
    written: clinic.Written

    @property
    def folder(self):
        return self.root / self.written.about["folder"]

    def files(self, prefix):
        return sorted(self.root.rglob(f"{prefix}.*.dcm"))

    def headers(self, prefix):
        return [dcmread(path, stop_before_pixels=True) for path in self.files(prefix)]

    @cached_property
    def ct(self):
        return read_ct_series(self.files("CT")[0].parent)

    @cached_property
    def structure_set(self):
        (path,) = self.files("RS")
        return read_structure_set(path)

    @cached_property
    def masks(self):
        """Masks on the CT by TG-263 name; by written name where that is unknown."""
        known = {roi: find_structure(roi.name) for roi in self.structure_set.rois}
        return {
            (structure.name if structure else roi.name): rasterize(roi, self.ct.grid).full()
            for roi, structure in known.items()
        }

    @property
    def where(self):
        return self.planted["where"]

    @property
    def mask(self):
        """Of the structure that the defect is said to be in."""
        return self.masks[self.planted["structure"]]


@pytest.fixture(scope="session")
def plant(tmp_path_factory):
    """Gives the same patient with a defect of a kind, or without one for None; drawn once, written once a kind."""
    patch = pytest.MonkeyPatch()
    patch.setattr(clinic, "draw_pelvis", cache(clinic.draw_pelvis))

    @cache
    def write(kind, seed=SEED):
        names = () if kind is None else (kind,)
        number = next(n for n in range(2) if deal(seed, n, chosen_kinds(["hole"])))
        root = tmp_path_factory.mktemp(kind or "plain")
        written = clinic.write_clinic_patient(root, clinic.Clinic(seed, names, *SIZES), number)
        return Seen(root, written.planted.to_json() if written.planted else {}, written)

    yield write
    patch.undo()
