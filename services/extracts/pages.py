"""A release's pages for people: README.md and CHANGES.md."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.extracts.content import Content
from services.extracts.queries import as_markdown
from services.extracts.release import CHANGES, LINKING, README, notice
from services.extracts.revisions import Revisions
from services.extracts.shape import ReleaseTable
from services.extracts.spine import Withheld

_README = """\
# Kith release {release_id}

**{notice}**

{gate}

What was held at {as_at} (UTC) about children in Scotland whom agencies help: requests for assistance, plans,
chronologies, care episodes, child protection. One table a record family, one for each of its parts, all
ready to be joined. It holds no name, no CHI, no SCN, no address, no worker's id and no free text.

## Open it

DuckDB 1.2 or later: `duckdb kith.duckdb`, then `SELECT * FROM referrals LIMIT 5;`

R:

```r
con <- DBI::dbConnect(duckdb::duckdb(), "kith.duckdb", read_only = TRUE)
dplyr::tbl(con, "referrals")
arrow::open_dataset("parquet/referrals")   # or from Parquet
```

Python:

```python
duckdb.connect("kith.duckdb", read_only=True).sql("SELECT * FROM referrals")
polars.read_parquet("parquet/referrals/*.parquet")
```

## What the words mean

- **As at**: everything received by that instant and nothing received later, records and links alike. The same
  store gives the same release of an instant again: see the content hashes in `manifest.json`.
- **record_id** is the pseudonym of a record, **child_id** that of a child: the same child has the same child_id
  across sources, families and releases, as far as its records are linked. Pseudonyms are keyed (key {key_id});
  the key is not here. A reference such as `plans.referral` holds the `record_id` of what it refers to, which may
  never have been posted.
- **One person may have several child_ids.** {linking}
- **child_id is empty** where the children record has not arrived from that source; the record is released all the same.
- **Absent**: an empty value says only that none was given. Why is in the `*_absent` tables: not asked, refused, not
  yet known, not recorded, not applicable. These are different answers: keep them apart.
- **Not submitted is not 0**: in `coverage`, a year `is_submitted` where two people of the agency signed off the family
  for the whole of it. 0 is said only of such a year. Agencies that are no council are there where they posted or signed
  off, with `local_authority` empty. Years run from 1 August to 31 July.
- **Instants** (`_at`) are in UTC; the day in Europe/London stands beside each (`_on`). `received_at` of a request
  is when the service asked received it; `kept_at` when Kith received the record.
- **Months** (`month_of_birth`) are given as their first day. Exact birth dates do not leave.
- **Days of birth and death** told by other records (a care episode, plan or registration that ended in death, with its
  parts; a birth or a death in a chronology) are the first day of their month, or the last other day that the record
  tells of before it in that month. `how_it_left` in `dictionary.csv` says which columns.
- **has_...** says whether words were given; the words do not leave.
- **Restricted**: where any record of a child is restricted or shielded, data zones, carers and referral groups of all
  its records are empty.
- **Never here**: children records whose identity changed, and all that their source holds of that child.
- **Looked-after events** are worked out from the care episodes, never typed.
- No disclosure control has been applied to single records: apply it to what you publish from them.

## Ask it

Join to `codes` with LEFT JOIN: a column may be empty, and an inner join would lose its rows.

{queries}

In `is_planned`, empty means that neither the reason nor the source says.

## The files

`kith.duckdb` and `parquet/` hold the same tables; `dictionary.csv` and `datapackage.json` describe every column;
`codes` and `code_flags` say what codes mean; `quality.json`, `quality_results` and `quality/index.html` how well the
data keeps the rules, and what the gate expected of the scorecards; `CHANGES.md` what changed since the release before;
`manifest.json` the sizes and hashes of all.
`kith extract verify` on this folder checks them.

## The tables

| table | rows | one row is |
|---|---:|---|
{tables}

{notice}
"""


@dataclass(frozen=True)
class Facts:
    """What the pages tell of a release."""

    release_id: str
    as_at: datetime
    synthetic: bool
    key_id: str
    gate: str


def write_readme(folder: Path, facts: Facts, tables: Sequence[ReleaseTable], contents: Sequence[Content]) -> None:
    rows = {held.name: held.rows for held in contents}
    listed = "\n".join(f"| {table.name} | {rows[table.name]:,} | {table.description} |" for table in tables)
    text = _README.format(
        release_id=facts.release_id,
        notice=notice(facts.synthetic),
        as_at=f"{facts.as_at:%d %B %Y, %H:%M:%S}",
        key_id=facts.key_id,
        tables=listed,
        linking=LINKING,
        gate=facts.gate,
        queries=as_markdown(),
    )
    (folder / README).write_text(text, encoding="utf-8")


def write_changes(
    folder: Path,
    facts: Facts,
    contents: Sequence[Content],
    revisions: Revisions,
    withheld: Withheld,
    erased: Mapping[str, int],
) -> None:
    lines = [*_changes(facts, contents, revisions, withheld), *_erased(erased)]
    (folder / CHANGES).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _changes(facts: Facts, contents: Sequence[Content], revisions: Revisions, withheld: Withheld) -> Iterator[str]:
    yield from (f"# What changed in {facts.release_id}", "", f"**{notice(facts.synthetic)}**", "")
    if revisions.previous is None:
        yield "This is the first release in its folder: there is none before it to compare with."
    else:
        yield f"Compared with {revisions.previous}."
    yield from ("", "| table | rows then | rows now |", "|---|---:|---:|")
    for held in contents:
        then = revisions.rows_then.get(held.name)
        yield f"| {held.name} | {'none' if then is None else f'{then:,}'} | {held.rows:,} |"
    yield from _records(revisions)
    yield from _withheld(withheld)


def _records(revisions: Revisions) -> Iterator[str]:
    if revisions.previous and revisions.why:
        yield from ("", f"Records are not compared: the release before was {revisions.why}.")
    if revisions.records:
        yield from ("", "| records | added | removed | revised | unchanged |", "|---|---:|---:|---:|---:|")
    for family, counts in revisions.records.items():
        yield f"| {family} | {' | '.join(f'{count:,}' for count in counts.values())} |"


def _erased(erased: Mapping[str, int]) -> Iterator[str]:
    """What an earlier release of the same instant had and this one has not, where there is any."""
    counted = [f"{count:,} of {family}" for family, count in erased.items() if count]
    if counted:
        yield ""
        yield f"Erased since this release's instant, and so in no release made from now on: {', '.join(counted)}."


def _withheld(withheld: Withheld) -> Iterator[str]:
    yield from ("", "| records | withheld: identity changed | released without child_id: the child is awaited |")
    yield "|---|---:|---:|"
    for family, count in withheld.identity_change.items():
        yield f"| {family} | {count:,} | {withheld.waiting[family]:,} |"
