"""What the command line shows: progress on a terminal, tables, and the exit codes."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

FINE, FOUND, COULD_NOT_RUN = 0, 1, 2
"""Exit codes: fine; findings or refusals; could not run."""

out = Console()
err = Console(stderr=True)


class CouldNotRun(Exception):
    """A command cannot do its work; the message says why and what to do."""


@contextmanager
def progress(title: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal; what advances it."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=False, disable=not err.is_terminal) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done: bar.advance(task, done)


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    json.dump(value, sys.stdout, indent=2, default=str)
    sys.stdout.write("\n")


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], caption: str = "") -> None:
    """A table; numbers stand to the right."""
    table = Table(title=title, caption=caption or None, title_justify="left", caption_justify="left")
    for place, name in enumerate(columns):
        numbers = bool(rows) and all(isinstance(row[place], int | float) for row in rows)
        table.add_column(name, justify="right" if numbers else "left")
    for row in rows:
        table.add_row(
            *("" if value is None else f"{value:,}" if isinstance(value, int) else str(value) for value in row)
        )
    out.print(table)


def print_counts(title: str, counts: Mapping[str, int]) -> None:
    print_table(title, ("", "count"), [(name, count) for name, count in counts.items()])


def say(text: str) -> None:
    """A line for a person, on standard error, so that standard output stays data."""
    err.print(text, highlight=False, markup=False, soft_wrap=True)
