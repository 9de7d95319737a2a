"""kith extract: releases for statisticians."""

import argparse
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from services.cli.screen import FINE, FOUND, CouldNotRun, print_json, print_table, progress, say
from services.settings import Settings

if TYPE_CHECKING:
    from services.extracts.release import Release


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    extract = commands.add_parser("extract", help="build, verify or list releases")
    actions = extract.add_subparsers(required=True, metavar="ACTION")
    build = actions.add_parser("build", help="build a release from the store")
    build.add_argument("--as-at", type=_instant, metavar="INSTANT", help="what had been received by then; default now")
    build.add_argument("--out", type=Path, metavar="DIR", help="default: releases under KITH_HOME")
    build.add_argument("--gate", action="store_true", help="no release where the scorecards do not pass the gate")
    build.set_defaults(run=run_build)
    verify = actions.add_parser("verify", help="check a release against its manifest")
    verify.add_argument("dir", type=Path)
    verify.set_defaults(run=run_verify)
    listing = actions.add_parser("list", help="the releases there are")
    listing.add_argument("--out", type=Path, metavar="DIR")
    listing.set_defaults(run=run_list)
    for action in (build, verify, listing):
        action.add_argument("--json", action="store_true")


def run_build(options: argparse.Namespace) -> int:
    from services.extracts.refusal import StoppedAtTheGate

    try:
        release = built(Settings(), options.as_at, options.out, options.gate)
    except StoppedAtTheGate as error:
        say(f"No release was made. {error}")
        return FOUND
    if options.json:
        print_json({"folder": str(release.folder), **release.manifest})
    else:
        print_table(f"Release {release.release_id}", ("table", "rows"), list(release.rows.items()))
        say(f"It is in {release.folder}. The gate: {release.manifest['gate']['verdict']}; quality.json says why.")
    return FINE


def built(
    settings: Settings, as_at: datetime | None = None, into: Path | None = None, must_pass: bool = False
) -> "Release":
    """Build a release, with progress; raises CouldNotRun where it is refused, StoppedAtTheGate where it may not go."""
    from services.extracts.build import build
    from services.extracts.refusal import NotReleased, StoppedAtTheGate

    with progress("Building a release", None) as advance:
        try:
            return build(settings, as_at, into, lambda what, done, total: advance(1), must_pass)
        except StoppedAtTheGate:
            raise
        except NotReleased as error:
            raise CouldNotRun(str(error)) from error


def run_verify(options: argparse.Namespace) -> int:
    from services.extracts.verify import verify

    if not (options.dir / "manifest.json").is_file():
        raise CouldNotRun(f"{options.dir} is not a release: it has no manifest.json.")
    problems = verify(options.dir)
    if options.json:
        print_json({"problems": problems})
    else:
        say("\n".join(problems) or "Everything is as the manifest says.")
    return FOUND if problems else FINE


def run_list(options: argparse.Namespace) -> int:
    from services.extracts.release import list_releases

    found = list_releases(options.out or Settings().releases)
    if options.json:
        print_json({"items": [release.manifest for release in found], "next": None})
    else:
        shown = [(release.release_id, release.as_at, release.manifest["synthetic"]) for release in found]
        print_table("Releases", ("release", "as at", "made up"), shown)
    return FINE


def _instant(text: str) -> datetime:
    """An instant with its offset; argparse says what is wrong."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise argparse.ArgumentTypeError("give the instant with its offset, as in 2026-07-31T23:59:59+01:00")
    return instant
