"""Where the bundle lies, outputs that appear whole or not at all and never replace anything unasked, and file names."""

from __future__ import annotations

import errno
import os
import re
import shutil
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rtcontour.errors import InputFileError, OutputError

# What the caller's own writing can meet; other errors in its block, a missing input say, are not about the output.
DISK_FAULTS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})
LONGEST_STEM_BYTES = 150  # a file name may have 255 on most disks, and gets a suffix


@contextmanager
def whole_file(path: str | Path, *, replace: bool = False) -> Iterator[Path]:
    """Give a path beside `path` to write to; on success it becomes `path`, on any error it vanishes.

    The temporary name keeps the suffix of `path`, since some writers choose the format by it.

    Raises:
        OutputError: `path` exists and `replace` is False, or its folder cannot be written.
    """
    path = Path(path)
    refuse_existing(path, replace=replace)
    suffix = "".join(path.suffixes[-2:])
    partial = path.with_name(f".{uuid.uuid4().hex}.partial{suffix}")
    with _explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with _explained(path, only=DISK_FAULTS):
            yield partial
        with _explained(path):
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: str | Path, *, replace: bool = False) -> Iterator[Path]:
    """The same for a folder: everything written to the yielded one becomes `path` at once.

    Raises:
        OutputError: `path` exists, is not an empty folder, and `replace` is False; or it cannot be written.
    """
    path = Path(path)
    if not (path.is_dir() and not any(path.iterdir())):
        refuse_existing(path, replace=replace)
    partial = path.with_name(f".{uuid.uuid4().hex}.partial")
    with _explained(path):
        partial.mkdir(parents=True)
    try:
        with _explained(path, only=DISK_FAULTS):
            yield partial
        with _explained(path):
            _move_over(partial, path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def whole_entries(folder: str | Path, *, owned: Iterable[str] = (), replace: bool = False) -> Iterator[Path]:
    """The same for new entries of a folder that holds others: all of them move in at the end, or none.

    Args:
        folder: where they go.
        owned: names of entries that go where they are not written anew, so that nothing stale stays beside them.
        replace: whether existing entries may be replaced.

    Raises:
        OutputError: one of them exists and `replace` is False, or the folder cannot be written.
    """
    folder = Path(folder)
    partial = folder / f".{uuid.uuid4().hex}.partial"
    with _explained(folder):
        partial.mkdir(parents=True)
    try:
        with _explained(folder, only=DISK_FAULTS):
            yield partial
        entries = sorted(partial.iterdir())
        stale = [folder / name for name in owned if (folder / name).exists() and not (partial / name).exists()]
        for path in (*stale, *(folder / entry.name for entry in entries)):
            refuse_existing(path, replace=replace)
        with _explained(folder):
            for path in stale:
                _remove(path)
            for entry in entries:
                _move_over(entry, folder / entry.name)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _move_over(path: Path, target: Path) -> None:
    if target.is_dir():
        shutil.rmtree(target)
    path.replace(target)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


@contextmanager
def _explained(path: Path, only: frozenset[int] | None = None) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if only is not None and error.errno not in only:
            raise
        reason = error.strerror or error
        raise OutputError(f"{path}: cannot be written ({reason}); check the folder and the disk") from error


def refuse_existing(path: str | Path, *, replace: bool) -> None:
    """Fail early, before long work, when an output is there already.

    Raises:
        OutputError: `path` exists and `replace` is False.
    """
    if Path(path).exists() and not replace:
        raise OutputError(f"{path}: exists already; choose another place, or say --replace (replace=True)")


def refuse_to_replace(folder: str | Path, inputs: Iterable[str | Path], *, replace: bool) -> None:
    """Fail early when a folder that is to be written anew holds something, or in any case one of the inputs.

    Raises:
        OutputError: `folder` is a file or holds something and `replace` is False, or an input lies in it.
    """
    folder = Path(folder)
    if not folder.is_dir() or any(folder.iterdir()):
        refuse_existing(folder, replace=replace)
    for path in inputs:
        if Path(path).resolve().is_relative_to(folder.resolve()):
            raise OutputError(f"{folder}: holds {path}, which would be replaced with it; choose another folder")


def require_folder(folder: str | Path, holds: str) -> None:
    """Fail early when an input is no folder; `holds` says what it should hold, for the remedy.

    Raises:
        InputFileError: it is a file, or is not there.
    """
    if not Path(folder).is_dir():
        found = "is a file" if Path(folder).exists() else "does not exist"
        raise InputFileError(f"{folder}: {found}; give the folder that holds {holds}")


def refuse_filled(folder: str | Path, *, replace: bool) -> None:
    """Fail early when a folder that is to receive results holds something already.

    Raises:
        OutputError: `folder` has anything in it and `replace` is False.
    """
    folder = Path(folder)
    if not replace and folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise OutputError(f"{folder}: holds something already; name another place, or say --replace True")


def file_stems(names: Iterable[str]) -> list[str]:
    """File names without suffix for any names: unsafe characters as "_", told apart where they would be the same.

    Names are cut where a file name would become too long, and count as the same in upper and lower case.
    """
    stems: list[str] = []
    for name in names:
        safe = re.sub(r"[^\w+\-.,()]", "_", name.strip()).lstrip(".") or "_"
        short = safe.encode("utf-8")[:LONGEST_STEM_BYTES].decode("utf-8", errors="ignore")
        stems.append(unique_name(short, [stem.lower() for stem in stems], str.lower))
    return stems


def unique_name(name: str, taken: Collection[str], form: Callable[[str], str] = str) -> str:
    """The name, or the first of NAME_2, NAME_3, ... whose form is not taken."""
    candidates = (name, *(f"{name}_{count}" for count in range(2, len(taken) + 3)))
    return next(candidate for candidate in candidates if form(candidate) not in taken)


def bundle_root() -> str:
    """The folder that holds configs/ and models/.

    RTCONTOUR_BUNDLE where that is set, else the checkout this package lies in, else the data in the installed wheel.

    Raises:
        InputFileError: RTCONTOUR_BUNDLE names a folder without configs/.
    """
    chosen = os.environ.get("RTCONTOUR_BUNDLE")
    if chosen:
        if not (Path(chosen) / "configs").is_dir():
            raise InputFileError(f"{chosen}: RTCONTOUR_BUNDLE names it, but it holds no configs/; correct or unset it")
        return chosen
    package = Path(__file__).resolve().parent
    checkout = package.parents[1]
    if (checkout / "configs").is_dir() and (checkout / "bundle" / "rtcontour").is_dir():
        return str(checkout)
    return str(package / "_bundle")
