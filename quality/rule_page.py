"""A rule as a page for people: what must be true, what to do where it is not, and how it is tested."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from html import escape
from typing import Any

from quality.page import page
from quality.rule import Codes, Example, Rule, Severity, Unique

COSTS: Mapping[Severity, str] = {
    Severity.REJECT: "The record is refused when it is sent.",
    Severity.ERROR: "The record is kept, and blocks sign-off until it is corrected or explained.",
    Severity.QUERY: "The record is kept, and wants a reason.",
    Severity.INFO: "The record is kept; this is only worth knowing.",
}
EXPERIMENTAL = "Experimental: what it finds is told, but it stays out of the score until it is adopted."


def rule_page(rule: Rule) -> str:
    """The whole page; every example on it is made up."""
    facts = "\n".join(f"<dt>{escape(name)}</dt><dd>{escape(told)}</dd>" for name, told in _facts(rule))
    experimental = f"<p><strong>{EXPERIMENTAL}</strong></p>" if rule.is_experimental else ""
    body = f"""\
<p>{escape(rule.says)}</p>
{experimental}
<h2>How to fix it</h2>
<p>In the system that sent the record: {escape(rule.hint)}.</p>
<h2>About the rule</h2>
<dl>
{facts}
</dl>
<h2>How it is tested</h2>
{_logic(rule)}
{_examples(rule)}"""
    return page(f"Rule {rule.code}", body)


def _facts(rule: Rule) -> Iterator[tuple[str, str]]:
    yield "Records", rule.family.replace("_", " ")
    if rule.fields:
        yield "Fields", ", ".join(rule.fields)
    yield "Where it is broken", f"{rule.severity.value}. {COSTS[rule.severity]}"
    yield "Side of quality", rule.dimension.value
    yield "Counts in the score", "yes" if rule.in_score else "no"
    yield "Tested", "when a record is sent, and in every run" if rule.at_the_door else "in every run"
    yield "From", rule.source
    for name, day in (("Since", rule.since), ("Until", rule.until)):
        if day:
            yield name, f"{day:%d %B %Y}"


def _logic(rule: Rule) -> str:
    """In the rule's own words where it has any, such as a predicate."""
    if isinstance(rule.logic, Codes):
        return f"<p>Fails where a coded field of {escape(rule.family)} holds a code that its list does not have.</p>"
    if isinstance(rule.logic, Unique):
        where = "of one record " if rule.logic.within_record else ""
        return f"<p>Fails on each of several rows {where}that agree in {escape(', '.join(rule.logic.columns))}.</p>"
    (name, told), *more = asdict(rule.logic).items()
    words = f"{name.replace('_', ' ').capitalize()}, over {rule.table_name}:"
    limits = "".join(f"<p>{escape(_limit(*each))}</p>" for each in more if each[1] is not None)
    return f"<p>{escape(words)}</p><pre>{escape(told)}</pre>{limits}"


def _limit(name: str, value: object) -> str:
    return f"{name.replace('_', ' ').capitalize()}: {value}"


def _examples(rule: Rule) -> str:
    listed = (("Passes", rule.passing), ("Fails", rule.failing))
    told = "<p>Made-up examples, as changes to the example record.</p>"
    return "\n".join(
        f"<h2>{name}</h2>\n{told}\n{''.join(map(_example, examples))}" for name, examples in listed if examples
    )


def _example(example: Example) -> str:
    told: Any = example or "The example record as it is."
    return f"<pre>{escape(json.dumps(told, indent=1, default=str, ensure_ascii=False))}</pre>"
