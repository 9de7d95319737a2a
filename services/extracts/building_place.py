"""Where a release is built: a folder that only its owner may enter, gone afterwards whatever happens.

A build that was killed cannot clear up after itself, so the next one does. The
owner of a folder holds a lock on it, which the system lets go as it ends: a
folder that nobody has locked was left behind. Without such locks age must do.
"""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = ".building-"
NEW_SECONDS, OLD_SECONDS = 2, 3600
"""Younger than this, a folder may be about to be locked; older than that, it is old."""

if sys.platform == "win32":

    def _lock(folder: Path) -> int | None:
        return None

    def _is_left(folder: Path) -> bool:
        return time.time() - folder.stat().st_mtime > OLD_SECONDS

else:
    import fcntl

    def _lock(folder: Path) -> int | None:
        """A handle that holds the folder; None where another process has it, or nothing can be locked there."""
        handle = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            return None
        return handle

    def _is_left(folder: Path) -> bool:
        is_new = time.time() - folder.stat().st_mtime < NEW_SECONDS
        handle = None if is_new else _lock(folder)
        _let_go(handle)
        return handle is not None


@contextmanager
def building_place(out: Path) -> Iterator[Path]:
    """A new folder within `out`; what killed builds left there is removed first."""
    _remove_left(out)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=out))
    handle = _lock(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _let_go(handle)


def _remove_left(out: Path) -> None:
    for folder in out.glob(f"{PREFIX}*"):
        with suppress(OSError):  # another build removed it first, or it is somebody else's
            if _is_left(folder):
                shutil.rmtree(folder)


def _let_go(handle: int | None) -> None:
    if handle is not None:
        os.close(handle)
