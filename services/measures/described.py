"""The measures' definitions as a page of documentation, made from the measures themselves (docs/measures.md)."""

from collections.abc import Iterator

from services.measures.measure import Measure
from services.measures.registry import MEASURES

OPENING = """\
# The headline measures

`kith measures` counts these from a release (docs/release.md) and prints each with its definition. This page is written
from the declarations in `services/measures/`; a test keeps it so.

```sh
kith measures
kith measures referral_rate care_reasons --json
kith measures --out measures
```

## How to read them

- **A year** runs from 1 August to 31 July, as in the looked-after and child protection collections, and is named
  2023-24. Only years that were over when the release was made are told of. The Reporter's and the NHS's years end on
  31 March: never sum across.
- **A council** is told of by name and GSS code, in the order of the codes. A record is counted by the council that is
  responsible and holds it. A year that it has not signed off, for every family that the measure needs, is
  `not submitted`, never 0.
- **Scotland** is those councils that submitted, each child once, and says of how many councils it is; a rate is of
  those councils' people.
- **status** is `ok`, `not submitted`, or `not applicable` where the denominator is 0.
- **A rate** is per 1,000 (never per 10,000), with the age band and the vintage of its population in the row. There is
  one vintage here, mid-2022, for every year: a later one gives other rates (11,844 children on 31 July 2024 are 11.7
  per 1,000 by the mid-2023 estimate, 11.8 by that of mid-2022).
- **Age** is that on the day of the event or on 31 July, from the month of birth.
- **In made-up data** a rate is a made-up population of children known to services over the real population of the
  area: it means nothing and only shows the form.
- **Small counts** are not suppressed: do that before you publish.
- A measure's version goes up when what it counts changes: do not draw one line across two versions.

Columns of a row: measure, version, period, period_ends_on, area_code, area_name, councils (how many the figure is of),
group_code and group_name (a part of the denominator), category_code and category_name (what is counted of it),
numerator, denominator, value, unit, status, denominator_band, denominator_vintage.
"""


def definitions() -> str:
    """The whole of docs/measures.md."""
    return "\n".join([OPENING, *(_definition(measure) for measure in MEASURES)])


def _definition(measure: Measure) -> str:
    return f"## {measure.title}\n\n{measure.sentence}\n\n" + "\n".join(_lines(measure)) + "\n"


def _lines(measure: Measure) -> Iterator[str]:
    yield f"- Name: `{measure.name}`, version {measure.version}"
    yield f"- Numerator: {measure.numerator}"
    yield f"- Denominator: {measure.denominator}" + (f" ({measure.population})" if measure.population else "")
    yield f"- Not counted: {'; '.join(measure.exclusions)}"
    yield f"- Unit: {measure.unit.value}"
    yield f"- By: {', '.join(measure.disaggregations)}"
    yield f"- Needs: {', '.join(measure.families)}"
