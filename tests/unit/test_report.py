"""The quality report, as people open it: pages read as HTML, workbooks by another library than wrote them."""

import csv
import json
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from quality.catalogue import by_code
from quality.page import MADE_UP
from services.cli.main import main
from services.inspection.report_files import COLUMNS, CSV, EXCEL, JSON, MADE_UP_COLUMN, Cells, safe, write_files
from services.inspection.report_folder import write_report
from services.inspection.store_run import run_over_store
from services.intake.receive import receive_batch
from services.settings import Settings
from services.store import sources
from services.store.engine import Store
from services.store.tables import Source
from services.store.writing import Owner
from tests.conftest import migrated, new_store
from tests.examples import changed

HERE, THERE = Owner("renfrewshire-social-work", "S12000038"), Owner("glasgow-city-social-work", "S12000049")
VOID = {"meta", "link", "img", "br", "rect"}
SECRETS = ("Zebedee", "O'Quirk", "0101157509", "180669079")
"""What the made-up records hold of a person: a name, a CHI and a wrong SCN."""


def child(source_id: str, **changes: Any) -> dict[str, Any]:
    person = {"given_name": "Zebedee", "family_name": "O'Quirk", "date_of_birth": "2015-01-01"}
    others: dict[str, Any] = {"chi": None, "scn": None, "siblings": [], "identity_change": None}
    return {"family": "children", "source_id": source_id, "record": changed("children", person | others | changes)}


def taken(store: Store, owner: Owner, *lines: dict[str, Any]) -> None:
    with store.writing() as connection:
        row = Source(name=owner.source, agency=owner.agency, created_at=datetime.now(UTC))
        sources.add_source(connection, row)
    answered = receive_batch(store, owner, b"\n".join(json.dumps(line).encode() for line in lines))
    assert answered.counts["created"] == len(lines), answered


@pytest.fixture(scope="module")
def reported(database: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of two councils: here two children with a wrong SCN and one without fault, there one of each."""
    folder = tmp_path_factory.mktemp("report")
    with new_store(database, request, folder, "reported") as settings:
        store = Store(settings.store_url)
        with store.writing() as connection:
            sources.set_about(connection, "synthetic", "true")
        wrong = {"scn": "180669079", "chi": "0101157509", "sex": "female"}
        taken(store, HERE, child("-1-is-an-id", **wrong), child("second", scn="180669079"), child("sound"))
        taken(store, THERE, child("theirs", scn="180669079"), child("well"))
        run_over_store(settings.store_url)
        write_report(store, folder / "out")
        store.close()
    return folder / "out"


class Page(HTMLParser):
    """A page as a reader of its structure meets it; fails where an element is not closed in turn."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, list[str]] = {}
        self.feed(path.read_text(encoding="utf-8"))
        assert self.open == [], self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.text.setdefault(self.open[-1], []).append(data)

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.seen if name == tag]


def pages(reported: Path) -> list[Path]:
    return sorted(reported.rglob("*.html"))


def findings(reported: Path, agency: str = HERE.agency) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads((reported / agency / JSON).read_text(encoding="utf-8"))["findings"]
    return told


def test_an_agencys_page_is_headed_by_its_errors_and_queries(reported: Path) -> None:
    page = Page(reported / HERE.agency / "index.html")
    errors, queries = (sum(one["severity"] == level for one in findings(reported)) for level in ("error", "query"))
    assert errors > 1 and page.text["h1"] == [f"Renfrewshire Council: {errors} errors, {queries} queries"]


def test_an_agencys_page_says_what_is_wrong_how_to_fix_it_and_in_which_system(reported: Path) -> None:
    page, rule = Page(reported / HERE.agency / "index.html"), by_code()["ID02"]
    assert f"Not so: {rule.says}" in page.text["td"] and rule.hint in page.text["td"]
    assert f"{HERE.source} (2)" in page.text["td"]


def test_what_touches_most_children_stands_first(reported: Path) -> None:
    page = Page(reported / HERE.agency / "index.html")
    assert page.text["a"][page.text["a"].index(JSON) + 1] == "ID02"


def test_pages_are_read_well_by_a_screen_reader_and_load_nothing(reported: Path) -> None:
    for path in pages(reported):
        page = Page(path)
        assert page.attributes("html") == [{"lang": "en-GB"}]
        assert len(page.text["h1"]) == 1 and page.text["title"]
        assert len(page.attributes("caption")) == len(page.attributes("table"))
        assert all(heading.get("scope") in ("col", "row") for heading in page.attributes("th"))
        assert all(chart["role"] == "img" and chart["aria-label"] for chart in page.attributes("svg"))
        assert {tag for tag, _ in page.seen}.isdisjoint({"script", "link", "img", "iframe", "object"})
        assert not any(word in path.read_text(encoding="utf-8") for word in ("http:", "https:", "url(", "@import"))


def test_every_link_of_the_report_leads_to_a_file_of_it(reported: Path) -> None:
    links = [(path, link["href"]) for path in pages(reported) for link in Page(path).attributes("a")]
    assert len(links) > 5
    assert [href for path, href in links if not (path.parent / str(href)).is_file()] == []


def test_made_up_data_says_so_on_every_page_and_in_every_file(reported: Path) -> None:
    for path in pages(reported):
        if path.parent.name != "rules":
            assert path.read_text(encoding="utf-8").count(MADE_UP) == 2
    folder = reported / HERE.agency
    assert json.loads((folder / JSON).read_text(encoding="utf-8"))[MADE_UP_COLUMN] == MADE_UP
    assert all(row[MADE_UP_COLUMN] == MADE_UP for row in read_csv(folder / CSV))
    book = load_workbook(folder / EXCEL)
    assert all(MADE_UP in [cell.value for cell in book[name][2]] for name in book.sheetnames)


def test_real_data_are_not_called_made_up(at_home: Settings, tmp_path: Path) -> None:
    store = Store(at_home.store_url)
    taken(store, HERE, child("sound"))
    run_over_store(at_home.store_url)
    write_report(store, tmp_path / "real")
    store.close()
    for path in (f"{HERE.agency}/index.html", f"{HERE.agency}/{JSON}", f"{HERE.agency}/{CSV}", "index.html"):
        text = (tmp_path / "real" / path).read_text(encoding="utf-8")
        assert "made" not in text.rpartition("</head>")[2].lower(), path


def test_nothing_of_a_person_is_in_any_file(reported: Path) -> None:
    for path in reported.rglob("*.*"):
        if path.suffix in (".html", ".csv", ".json") and path.parent.name != "rules":
            assert not any(secret in path.read_text(encoding="utf-8") for secret in SECRETS), path
    book = load_workbook(reported / HERE.agency / EXCEL)
    cells = {str(cell) for sheet in book for row in sheet.values for cell in row}
    assert cells.isdisjoint(SECRETS)


def test_all_councils_are_on_the_first_page_and_none_is_a_silent_nought(reported: Path) -> None:
    page = Page(reported / "index.html")
    assert len([text for text in page.text["td"] if text == "not submitted"]) == 32


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_three_files_hold_the_same_findings(reported: Path) -> None:
    folder = reported / HERE.agency
    listed = [str(one["finding"]) for one in findings(reported)]
    sheet = load_workbook(folder / EXCEL)["Findings"]
    header, *rows = sheet.values
    assert header == (*COLUMNS, MADE_UP_COLUMN)
    assert [str(row[COLUMNS.index("finding")]) for row in rows] == listed
    assert [row["finding"] for row in read_csv(folder / CSV)] == listed


def test_a_workbook_has_its_header_frozen_and_filters_on_every_sheet(reported: Path) -> None:
    book = load_workbook(reported / HERE.agency / EXCEL)
    assert book.sheetnames == ["Findings", "Scorecards", "About"]
    assert {sheet.freeze_panes for sheet in book} == {"A2"}
    assert all(sheet.auto_filter.ref == sheet.dimensions for sheet in book)


def test_an_id_that_a_spreadsheet_would_take_for_a_formula_is_text(reported: Path) -> None:
    book = load_workbook(reported / HERE.agency / EXCEL)
    ids = {row[COLUMNS.index("source_id")] for row in book["Findings"].values}
    assert "'-1-is-an-id" in ids and "-1-is-an-id" not in ids
    assert all(cell.data_type != "f" for sheet in book for row in sheet.iter_rows() for cell in row)
    assert "'-1-is-an-id" in {row["source_id"] for row in read_csv(reported / HERE.agency / CSV)}
    assert "-1-is-an-id" in {one["source_id"] for one in findings(reported)}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_cell_never_starts_a_formula(start: str) -> None:
    assert safe(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


def many(count: int) -> Iterator[Cells]:
    for place in range(count):
        yield dict.fromkeys(COLUMNS, "x" * 40) | {"finding": place}


def test_findings_are_written_without_being_gathered(tmp_path: Path) -> None:
    write_files(tmp_path, many(10), {}, [])
    tracemalloc.start()
    write_files(tmp_path, many(1_500), {}, [])
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 600_000 < (tmp_path / JSON).stat().st_size


def test_more_findings_than_a_sheet_takes_go_on_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.inspection.report_files.ROWS_A_SHEET", 4)
    write_files(tmp_path, many(10), {}, [])
    book = load_workbook(tmp_path / EXCEL)
    held = {name: book[name].max_row - 1 for name in book.sheetnames if name.startswith("Findings")}
    assert held == {"Findings": 4, "Findings 2": 4, "Findings 3": 2}


@pytest.fixture
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A store for the command, on SQLite."""
    monkeypatch.setenv("KITH_HOME", str(tmp_path))
    monkeypatch.delenv("KITH_DATABASE_URL", raising=False)
    return migrated(Settings())


def test_a_report_before_any_run_could_not_run(at_home: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quality", "report"]) == 2
    assert "kith quality run" in capsys.readouterr().err


def test_the_command_writes_one_agency_alone(
    at_home: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store(at_home.store_url)
    taken(store, HERE, child("second", scn="180669079"))
    taken(store, THERE, child("well"))
    store.close()
    run_over_store(at_home.store_url)
    assert main(["quality", "report", "--agency", HERE.agency, "--out", str(tmp_path / "one"), "--json"]) == 0
    (item,) = json.loads(capsys.readouterr().out)["items"]
    assert (item["agency"], item["errors"], item["children"]) == (HERE.agency, 1, 1)
    assert {path.name for path in (tmp_path / "one").iterdir()} == {HERE.agency, "rules"}
    links = [link["href"] for link in Page(tmp_path / "one" / HERE.agency / "index.html").attributes("a")]
    assert "../index.html" not in links
    assert main(["quality", "report", "--agency", "S12000005"]) == 2
