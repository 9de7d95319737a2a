"""kith: the command line. Exit codes: 0 fine, 1 findings or refusals, 2 could not run."""

import argparse
import sys
import traceback
from collections.abc import Sequence

from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from services.cli import (
    audit,
    check,
    demo,
    erasure,
    extracts,
    files,
    measures,
    officers,
    processing,
    quality,
    retention,
    seeds,
    service,
    signing_keys,
    sources,
    subject_access,
)
from services.cli.screen import COULD_NOT_RUN, FOUND, CouldNotRun, say
from services.errors import NotSigned, Problem

MODULES = (
    demo,
    service,
    sources,
    officers,
    signing_keys,
    files,
    check,
    quality,
    extracts,
    measures,
    audit,
    subject_access,
    erasure,
    retention,
    processing,
    seeds,
)
"""Those that add a command each."""


def parser() -> argparse.ArgumentParser:
    """Every command with its options."""
    kith = argparse.ArgumentParser(
        prog="kith", description="Kith: a shared multi-agency data service for Scotland's children's services."
    )
    commands = kith.add_subparsers(required=True, metavar="COMMAND")
    for module in MODULES:
        module.add(commands)
    return kith


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    options = parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except CouldNotRun as error:
        say(str(error))
        return COULD_NOT_RUN
    except Problem as problem:
        said = (f" {one.pointer[1:] or 'It'}: {one.detail}." for one in problem.errors)
        say(f"{problem.title}.{''.join(said)}")
        return FOUND if isinstance(problem, NotSigned) else COULD_NOT_RUN
    except ValidationError as error:
        say("; ".join(one["msg"].removeprefix("Value error, ") for one in error.errors()) + ".")
        return COULD_NOT_RUN
    except (OSError, SQLAlchemyError) as error:
        say(f"{type(error).__name__}: {str(error).splitlines()[0]}. kith check-config says what is set.")
        return COULD_NOT_RUN
    except KeyboardInterrupt:
        say("Stopped.")
        return COULD_NOT_RUN
    except Exception:
        traceback.print_exc()  # Python's own exit code for it is 1, which says that there are findings
        return COULD_NOT_RUN
    return code


if __name__ == "__main__":
    sys.exit(main())
