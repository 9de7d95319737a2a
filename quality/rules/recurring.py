"""Rules that several families have in the same words, each family under its own code."""

from collections.abc import Sequence

from quality.rule import Codes, Dimension, Example, Row, Rule, Severity

SHORTEST = 10
"""Characters that "other" takes at least to say in words."""


def codes_of_lists(code: str, family: str, what: str) -> Rule:
    """The default code-list rule of a family; `what` is one record, in words."""
    return Rule(
        code=code,
        family=family,
        severity=Severity.REJECT,
        says=f"Every coded field of {what} holds a code of its list.",
        hint="see the code list, and map your system's own code to one of it",
        source="Kith code lists",
        dimension=Dimension.VALIDITY,
        logic=Codes(),
    )


def other_in_words(
    code: str,
    family: str,
    codelist: str,
    field: str,
    failing: Sequence[Example],
    passing: Sequence[Example],
    table: str = "",
    also: tuple[str, ...] = (),
) -> Rule:
    """Where `field` is a code that needs words, `<field>_text` has them."""
    return Rule(
        code=code,
        family=family,
        severity=Severity.ERROR,
        says=f'Where {field} is "other", {field}_text says what it was, in {SHORTEST} characters or more.',
        hint=f"choose a code that fits, or say in {field}_text what it was",
        source="Kith code lists: a coded reason that is not in the list is said in words",
        dimension=Dimension.COMPLETENESS,
        logic=Row(
            f"flag('{codelist}', {field}, 'needs_text')"
            f" AND ({field}_text IS NULL OR text_length({field}_text) < {SHORTEST})"
        ),
        fields=(f"{field}_text", field),
        table=table,
        also=also,
        passing=passing,
        failing=failing,
    )


def view_with_method(code: str, family: str, also: tuple[str, ...] = ()) -> Rule:
    """A child's view says how it was given."""
    return Rule(
        code=code,
        family=family,
        severity=Severity.QUERY,
        says="Beside a child's view stands how it was given.",
        hint="give child_view_method: spoken, drawn, through an advocate, ...",
        source="UN Convention on the Rights of the Child, article 12",
        dimension=Dimension.COMPLETENESS,
        logic=Row("child_view IS NOT NULL AND child_view_method IS NULL"),
        fields=("child_view_method", "child_view"),
        also=also,
        passing=({"child_view": "I like it here.", "child_view_method": "spoken"}, {"child_view": None}),
        failing=({"child_view": "I like it here.", "child_view_method": None},),
    )
