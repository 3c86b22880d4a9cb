"""Outputs that appear whole or not at all, and never replace anything unasked."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rtcontour.errors import OutputError


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
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        partial.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error}); check the folder and the disk") from error
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
    try:
        partial.mkdir(parents=True)
        yield partial
        if path.is_dir():
            shutil.rmtree(path)
        partial.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error}); check the folder and the disk") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def refuse_existing(path: str | Path, *, replace: bool) -> None:
    """Fail early, before long work, when an output is there already.

    Raises:
        OutputError: `path` exists and `replace` is False.
    """
    if Path(path).exists() and not replace:
        raise OutputError(f"{path}: exists already; choose another place, or say --replace (replace=True)")
