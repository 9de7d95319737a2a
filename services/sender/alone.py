"""One sender at a time: last night's run may still be going when tonight's begins."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.sender.patience import Refused

try:
    import fcntl
except ImportError:  # Windows has no such locks; there the scheduler must see to it
    fcntl = None  # type: ignore[assignment]


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold a file or folder for this run; raises Refused where another run holds it. A run that dies lets go."""
    if fcntl is None:
        yield
        return
    held = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Refused(f"another run is posting {path}") from None
    finally:
        os.close(held)
