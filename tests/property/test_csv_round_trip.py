"""A record written as CSV and converted again is the same record."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.nesting import record_of
from schemas.registry import BY_NAME, FAMILIES
from seed.generate import generate
from services.sender.convert import convert
from tests import examples
from tests.csv_folder import Keyed, write_folder


def converted(folder: Path) -> dict[tuple[str, str], dict[str, Any]]:
    done = convert(folder)
    assert done.problems == []
    lines = [json.loads(line) for line in done.path.read_bytes().splitlines()]
    assert len(lines) == done.lines
    return {(line["family"], line["source_id"]): as_kept(line["family"], line["record"]) for line in lines}


def as_kept(family: str, record: Any) -> dict[str, Any]:
    return BY_NAME[family].contract.model_validate(record).model_dump()


def expected(records: list[Keyed]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(family, source_id): as_kept(family, record) for family, source_id, record in records}


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_example_comes_back(family: Any, tmp_path: Path) -> None:
    records: list[Keyed] = [
        (family.name, "one", examples.example(family.name)),
        (family.name, "two", examples.example(family.name)),
    ]
    assert converted(write_folder(tmp_path / "backfill", records)) == expected(records)


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(1, 10**6))
def test_a_made_up_population_comes_back(seed: int) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        generate(folder, 30, seed, fault_rate=0.3)
        held: dict[tuple[str, str], Any] = {}
        for path in sorted(folder.glob("*.ndjson")):
            for line in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
                if is_valid(line):
                    held[line["family"], f"{path.stem}~{line['source_id']}"] = line["record"]
        records = [(*key, record) for key, record in held.items()]
        assert len({family for family, _, _ in records}) > 3
        assert converted(write_folder(folder / "backfill", records)) == expected(records)


def is_valid(line: dict[str, Any]) -> bool:
    try:
        return bool(as_kept(line["family"], line["record"]))
    except ValidationError:
        return False


@example('a\u2028b\x85c\r\n,d"')
@settings(max_examples=25, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(str.strip))
def test_any_text_comes_back(text: str) -> None:
    records: list[Keyed] = [("plans", "p", examples.example("plans") | {"reason": text})]
    with TemporaryDirectory() as name:
        assert converted(write_folder(Path(name) / "backfill", records)) == expected(records)


def test_rows_in_any_order_make_the_same_record() -> None:
    family = BY_NAME["care_episodes"]
    posted = family.posted(family.contract.model_validate(examples.example(family.name)))
    turned = {name: list(reversed(rows)) for name, rows in posted.items()}
    assert record_of(family.posted_tables, turned) == record_of(family.posted_tables, posted)
