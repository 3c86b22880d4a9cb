"""PatchDataset: cases kept once as plain arrays on disk, which all workers map and none copies."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from rtcontour.errors import ConfigError, DataSetError, Finding, RtContourError, summarize_findings
from rtcontour.files import whole_folder
from rtcontour.processors import count_processors
from rtcontour.training.data_check import annotated_without_voxel
from rtcontour.training.progress import counted
from rtcontour.transforms import IndexCentresd, ReadCased, image_spacing_mm
from rtcontour.transforms.draw import Draw
from rtcontour.transforms.warp import load_kernel

LAYOUT = 1  # of a case's folder; another number leaves the folders of old versions alone

Item = Mapping[Hashable, Any]


class PatchDataset(Dataset):
    """The cases of a training, as items for `SamplePatchd` and `CropMiddled`.

    `prepare` reads each case once and keeps it in `folder`: HU, channels, and the voxels on which patches may be
    centred. Afterwards an item costs no reading: the files are mapped, a patch touches only the pages that it shows,
    and all workers share them in the system's cache. Nothing there is personal but the images; delete it at will.

    Args:
        data: items of `rtcontour.datasets.monai_items`, with labels.
        transform: from an item to what the training takes.
        folder: where the cases are kept; one folder a case, named by a hash of all that its content depends on.
        names: of channels 1, 2, ..., for what is printed.

    Raises:
        ConfigError: no folder.
    """

    def __init__(
        self,
        data: Sequence[Item],
        transform: Callable[[dict[Hashable, Any]], Any],
        folder: str | Path,
        names: Sequence[str] = (),
    ) -> None:
        self.data = data
        self.transform = transform
        if not isinstance(folder, str | Path) or not str(folder):
            raise ConfigError(f"cache_dir is {folder!r}; expected a folder for the cases")
        self.folder = Path(folder)
        self.names = tuple(names)

    def __len__(self) -> int:
        """Number of cases."""
        return len(self.data)

    def __getitem__(self, draw: Draw | int) -> Any:
        """The patch of a draw; a plain number is a case, from which a patch is drawn by MONAI's random state.

        Raises:
            DataSetError: the case was not prepared.
        """
        item = self._case(draw.case if isinstance(draw, Draw) else draw)
        if isinstance(draw, Draw):
            item["draw"] = draw
        return self.transform(item)

    def prepare(self, workers: int | None = None) -> None:
        """Read the cases that are not in the folder yet. Of several processes only one may do so.

        What was contoured in a case and has no voxel there is printed.

        Args:
            workers: processes that read at a time; None for one a core, 0 or 1 for this one alone.

        Raises:
            RtContourError: what `ReadCased` refuses in a case, the first one of the list.
            DataSetError: a case without a label map.
            OutputError: the folder cannot be written.
        """
        missing = [(item, path) for item in self.data if not (path := self._path(item)).is_dir()]
        if missing:
            print(f"volumes: reading {len(missing)} of {len(self)} cases to {self.folder}", flush=True)
        for error in counted("volumes", _prepare_all(missing, workers), len(missing)):
            if error is not None:
                raise error
        for line in summarize_findings(self._without_voxel()):
            print(line, flush=True)
        load_kernel()  # so that workers that are forked have it, and compile nothing

    def _without_voxel(self) -> Iterator[Finding]:
        """What was contoured in a case and has no voxel there."""
        for item in self.data:
            ends = json.loads((self._path(item) / "case.json").read_text())["centres_end"]
            there = np.diff(ends, prepend=0) > 0
            yield from annotated_without_voxel(item["case"], item["annotated"], there.tolist(), self.names)

    def _case(self, case: int) -> dict[Hashable, Any]:
        item = self.data[case]
        path = self._path(item)
        try:
            about = json.loads((path / "case.json").read_text())
            image, label, centres = (
                np.load(path / f"{name}.npy", mmap_mode="r") for name in ("image", "label", "centres")
            )
        except FileNotFoundError as error:
            raise DataSetError(
                f"{path}: case {item['case']} is not kept there, or its files have changed since; call prepare()"
            ) from error
        return {
            **item,
            "image": image[None],
            "label": label[None],
            "annotated": torch.as_tensor(item["annotated"], dtype=torch.bool),
            "centres": np.split(centres, about["centres_end"][:-1]),
            "spacing_mm": about["spacing_mm"],
        }

    def _path(self, item: Item) -> Path:
        return self.folder / _key(item)


def _key(item: Item) -> str:
    """Changes with the files and with what the recipe makes of them."""
    depends = [LAYOUT, list(item["annotated"]), list(item["label_values"])]
    for kind in ("image", "label"):
        path = item.get(kind)
        if path is None:
            raise DataSetError(f"case {item['case']}: has no {kind}, which training needs; add one or leave it out")
        try:
            found = Path(path).stat()
            depends += [str(path), found.st_size, found.st_mtime_ns]
        except OSError:  # reading it will say what is wrong
            depends += [str(path)]
    return hashlib.sha256(json.dumps(depends).encode()).hexdigest()[:24]


class _Preparation(Dataset):
    """Its items are what went wrong with a case: usually None. So a worker's error arrives in one line."""

    def __init__(self, missing: Sequence[tuple[Item, Path]]) -> None:
        self.missing = missing

    def __len__(self) -> int:
        return len(self.missing)

    def __getitem__(self, number: int) -> RtContourError | None:
        try:
            _prepare_case(*self.missing[number])
        except RtContourError as error:
            return error
        return None


def _prepare_all(missing: Sequence[tuple[Item, Path]], workers: int | None) -> Iterator[RtContourError | None]:
    processes = min(count_processors() if workers is None else workers, len(missing))
    preparation = _Preparation(missing)
    if processes < 2:
        yield from (preparation[number] for number in range(len(missing)))
        return
    yield from DataLoader(preparation, batch_size=None, num_workers=processes)


class _KeptMeanwhile(Exception):
    """Another training that shares the folder was faster."""


def _prepare_case(item: Item, path: Path) -> None:
    if path.is_dir():
        return
    case = IndexCentresd()(ReadCased()(item))
    centres = [entry.numpy() for entry in case["centres"]]
    about = {
        "spacing_mm": image_spacing_mm(case["image"]),
        "centres_end": np.cumsum([len(entry) for entry in centres]).tolist(),
    }
    if path.is_dir():
        return
    with suppress(_KeptMeanwhile), whole_folder(path) as partial:
        np.save(partial / "image.npy", case["image"].as_tensor().numpy()[0])
        np.save(partial / "label.npy", case["label"].as_tensor().numpy()[0])
        np.save(partial / "centres.npy", np.concatenate(centres))
        (partial / "case.json").write_text(json.dumps(about))
        if path.is_dir():
            raise _KeptMeanwhile  # it may be reading what it kept, which is the same
