"""kith processing: the records of processing, written from what is declared, so that they cannot lag the software."""

import argparse
from collections.abc import Iterable, Iterator, Sequence

from schemas.codelists import code_list
from schemas.fields import FieldClass, OfOthers, Release
from schemas.record import Family
from schemas.registry import FAMILIES
from services.cli.screen import FINE, out

_HEAD = """\
# Records of processing

Written by `kith processing` from the record families and code lists of this release; a test fails where it lags them.
Whoever runs Kith adds the controllers, their data protection officers and the agreements between them: the software
does not know those. What a code list marks `unverified` nobody has checked at its source.
"""
_RECIPIENTS = (
    ("the source's own agency", "its own records", "a client of that agency, with the scope to read"),
    (
        "other agencies that help the child",
        "each other's records about the child",
        "by what others say, never by what they say themselves ([decision 17](../decisions/0017-who-sees-what.md))",
    ),
    (
        "a worker in an emergency",
        "all agencies' records, for an hour",
        "broken glass: a reason, and notices to both agencies' officers",
    ),
    (
        "two named officers of an agency",
        "a child whose identity changed",
        "named on the command line, on the audit",
    ),
    (
        "statisticians",
        "pseudonyms and codes, months of birth; no names, addresses or words",
        "a release ([what is in it](../release.md))",
    ),
    (
        "the person, or who acts for them",
        "all that is held, others' details once they were looked at",
        "`kith subject-access`",
    ),
)


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    commands.add_parser("processing", help="the records of processing, as Markdown").set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    out.print(page(), markup=False, highlight=False, soft_wrap=True, end="")
    return FINE


def page() -> str:
    """The records of processing."""
    return "\n".join((_HEAD, *_families(), *_recipients(), *_purposes(), *_bases(), *_retention()))


def _families() -> Iterator[str]:
    yield "## What is held\n"
    for family in FAMILIES:
        yield f"### {family.name}\n\n{family.one_record_is[0].upper()}{family.one_record_is[1:]}.\n"
        yield _table(("table", "field", "what it is", "class", "about others", "in a release"), _fields(family))


def _fields(family: Family) -> Iterator[Sequence[str]]:
    for table in family.tables:
        for one in table.columns:
            yield (
                table.name,
                one.name,
                one.description,
                _value(one.field_class),
                _value(one.of_others),
                one.release.value,
            )


def _value(mark: FieldClass | OfOthers | Release | None) -> str:
    return mark.value if mark else ""


def _recipients() -> Iterator[str]:
    yield "## Who receives it\n"
    yield _table(("recipient", "what", "how it is decided"), _RECIPIENTS)


def _purposes() -> Iterator[str]:
    yield "## What for\n"
    rows = ((row["label"], row["lawful_bases"], row["roles"] or "any person's role") for row in _rows("purposes"))
    yield _table(("purpose", "lawful bases", "roles that may ask"), rows)


def _bases() -> Iterator[str]:
    yield "## On what basis\n"
    told = ("label", "uk_gdpr_article", "other_law", "agency_kind", "status")
    rows = ([row[name] for name in told] for row in _rows("lawful_bases"))
    yield _table(("basis", "UK GDPR", "other law", "agencies that may rely on it", "status"), rows)


def _retention() -> Iterator[str]:
    yield "## For how long\n"
    yield "All records of a child follow the class that lasts longest of those that its records put it in.\n"
    told = ("label", "families", "years", "counted_from", "status", "source")
    yield _table(told, ([row[name] for name in told] for row in _rows("retention_classes")))


def _rows(name: str) -> Iterable[dict[str, str]]:
    return [dict(row) for row in code_list(name).rows.values()]


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(_cell(cell) for cell in line)} |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "/").replace(";", "; ")
