"""Long lists of values, looked up some at a time."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
AT_ONCE = 500
"""Values in one statement."""


def chunks(values: Iterable[T], size: int = AT_ONCE) -> Iterator[list[T]]:
    """The values in order, in lists of at most `size`."""
    remaining = iter(values)
    while some := list(islice(remaining, size)):
        yield some
