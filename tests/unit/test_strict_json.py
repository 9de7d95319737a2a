"""JSON as the contract takes it: the quick ways give what the slow ways give."""

from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from services.intake.strict_json import LARGEST, NotJson, canonical, parse, without_blanks

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
BLANKS = st.sampled_from(["", " ", "\t\n", "\u00a0", "\x1c\x1f", "\u2003 ", '"', '\\"', "null", "\\"])
SCALARS = st.none() | st.booleans() | st.integers(-LARGEST, LARGEST) | TEXTS | BLANKS
FRACTIONS = st.floats(-LARGEST, LARGEST, allow_nan=False)
VALUES = st.recursive(
    SCALARS | FRACTIONS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS | BLANKS, inner, max_size=4),
    max_leaves=12,
)


def known_to_be_absent(value: Any) -> Any:
    """Null and blank members left out, told by each value."""
    if isinstance(value, dict):
        return {n: known_to_be_absent(v) for n, v in value.items() if v is not None and not _is_blank(v)}
    return [known_to_be_absent(item) for item in value] if isinstance(value, list) else value


def _is_blank(value: Any) -> bool:
    return isinstance(value, str) and value.strip() == ""


@given(VALUES)
@example({"a": 1.0, "b": [1e300, -0.5, 1e-7]})
@example({"\ue000": 1, "\U00010000": 2})
@example({"text": "at 10:30.5, [1e4]", "del": "\x7f"})
@example(1.5)
def test_the_canonical_form_is_that_of_rfc_8785(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@given(VALUES)
@example({"a": {"b": ["", None]}, "c": '"'})
def test_what_is_null_or_blank_is_left_out(value: Any) -> None:
    assert without_blanks(value, canonical(value)) == known_to_be_absent(value)


@given(VALUES)
def test_a_canonical_form_is_read_back_as_it_was(value: Any) -> None:
    assert canonical(parse(canonical(value))) == canonical(value)


@pytest.mark.parametrize("text", [b'"\\u0000"', b'"a\\\\\\u0000"', b'{"\\u0000": 1}'])
def test_a_nul_is_refused(text: bytes) -> None:
    with pytest.raises(NotJson, match="NUL"):
        canonical(parse(text))


def test_a_backslash_before_u0000_is_no_nul() -> None:
    assert canonical(parse(rb'"\\u0000"')) == rb'"\\u0000"'


def test_brackets_within_texts_are_no_nesting() -> None:
    assert parse(b'["' + b"[" * 100 + b'"]') == ["[" * 100]
    with pytest.raises(NotJson, match="nested"):
        parse(b"[" * 40 + b"]" * 40)
