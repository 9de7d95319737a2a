"""What the documentation says is true of the project."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from schemas.codelists import code_list
from schemas.registry import FAMILIES
from services.cli import processing
from services.cli.main import parser
from services.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> list[tuple[str, str]]:
    """Every kith command in a fenced block of a page."""
    found = []
    for page in PAGES:
        for block in re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.S):
            lines = (re.sub(r"^([A-Z_]+=\S+ )*", "", line) for line in block.splitlines())
            found += [(page.name, line) for line in lines if line.startswith("kith ")]
    return found


@pytest.mark.parametrize(("page", "command"), commands())
def test_every_command_shown_exists(page: str, command: str) -> None:
    words = shlex.split(command, comments=True)[1:]
    assert parser().parse_args(words).run


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_the_readme_has_a_line_for_every_folder() -> None:
    told = set(re.findall(r"^\| `(\w+)/` \|", README, re.M))
    assert told == {"schemas", "services", "quality", "seed", "migrations", "tests", "benchmarks", "docs"}
    assert all((ROOT / folder).is_dir() for folder in told)


def test_the_readme_names_every_setting() -> None:
    assert set(re.findall(r"^\| `(KITH_\w+)`", README, re.M)) == {
        f"KITH_{name.upper()}" for name in Settings.model_fields
    }


def test_every_direct_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    names = {re.split(r"[\[>=<;\s]", one)[0] for one in wanted}
    page = (ROOT / "docs" / "decisions" / "0002-dependencies.md").read_text(encoding="utf-8")
    assert {name for name in names if not re.search(rf"\b{re.escape(name)}\b", page)} == set()


def test_a_term_of_the_glossary_stands_once() -> None:
    terms = re.findall(r"^\| ([^|]+) \|", (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"), re.M)[2:]
    assert len(terms) == len(set(terms)) > 30


def test_every_family_is_named_in_the_glossary() -> None:
    page = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    assert all(family.name.replace("_", " ") in page for family in FAMILIES)


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(page.name[:4]) for page in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_records_of_processing_are_those_of_the_schema() -> None:
    """Where it fails: kith processing > docs/data-protection/records-of-processing.md"""
    written = (ROOT / "docs" / "data-protection" / "records-of-processing.md").read_text(encoding="utf-8")
    assert written == processing.page()


def test_every_family_has_one_retention_class() -> None:
    listed = [name for row in code_list("retention_classes").rows.values() for name in row["families"].split(";")]
    assert sorted(listed) == sorted(family.name for family in FAMILIES)


def test_the_page_for_families_is_without_the_words_that_children_dislike() -> None:
    page = (ROOT / "docs" / "for-families.md").read_text(encoding="utf-8")
    assert re.findall(r"\b(?:contact|respite|placements?|breakdown|absconded|looked[- ]after)\b", page, re.I) == []
    sentences = re.split(r"[.?!:]\s", page)
    assert sum(len(one.split()) for one in sentences) / len(sentences) < 15, "sentences are too long"
