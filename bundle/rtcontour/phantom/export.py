"""A phantom as a planning system would export it: a CT series and a structure set."""

from __future__ import annotations

from pathlib import Path

from rtcontour.dicom import write_ct_series, write_structure_set
from rtcontour.files import whole_folder
from rtcontour.phantom.phantom import Phantom


def write_patient(phantom: Phantom, folder: str | Path, *, patient_id: str | None = None) -> Path:
    """Write `folder/ct/*.dcm` and `folder/rtstruct.dcm` with the structures as the clinic contoured them.

    Args:
        phantom: the patient.
        folder: appears whole or not at all.
        patient_id: DICOM patient ID; made from the seed by default.

    Returns:
        The folder.

    Raises:
        OutputError: the folder exists or cannot be written.
    """
    folder = Path(folder)
    identity = patient_id or f"PHANTOM-{phantom.seed}"
    with whole_folder(folder) as partial:
        ct = write_ct_series(
            partial / "ct",
            phantom.hu,
            phantom.grid,
            patient_id=identity,
            seed=phantom.seed,
            description="Phantom",
        )
        write_structure_set(partial / "rtstruct.dcm", phantom.contoured, ct, label="Phantom")
    return folder
