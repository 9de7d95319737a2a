import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import duckdb
import pytest
import sqlalchemy

from quality import duckdb_dialect, workspace
from quality.catalogue import by_code
from quality.expectations import Data, Recount, RecountCrashed, Recounted, recount
from quality.run import run as rules_run
from quality.sql import failing_rows

PROJECT = Path(__file__).parents[2]
HEAVY = {"great_expectations", "sqlalchemy", "duckdb", "duckdb_engine", "pandas", "numpy"}
NAME = "Zebedee O'Quirk"

GOOD = [
    Recount("R-1", "children", "SELECT * FROM children WHERE born_on IS NULL", gate=True),
    Recount("R-2", "children", "SELECT * FROM children WHERE born_on > DATE '2030-01-01'", gate=True),
    Recount("R-3", "children", "SELECT name FROM children WHERE name LIKE '%O''Quirk%'", gate=False),
    Recount(
        "R-4",
        "referrals",
        "SELECT referrals.*, children.* FROM referrals LEFT JOIN children USING (child_id) "
        "WHERE children.child_id IS NULL -- an orphan",
        gate=False,
    ),
    Recount(
        "R-5",
        "referrals",
        "WITH early AS (SELECT * FROM referrals WHERE made_at < TIMESTAMP '2026-01-01 09:30:00') SELECT * FROM early;",
        gate=False,
    ),
]

# The count is right only if braces, colons, backslashes and per cents all come through unchanged.
PUNCTUATED = [
    Recount("P-1", "notes", r"SELECT * FROM notes WHERE note = '{batch} {{}} {'", gate=False),
    Recount("P-2", "notes", r"SELECT * FROM notes WHERE note = ' :word :a: x::y'", gate=False),
    Recount("P-3", "notes", r"SELECT * FROM notes WHERE note = 'back\:word \\: \'", gate=False),
    Recount("P-4", "notes", r"SELECT * FROM notes WHERE regexp_matches(note, '^\d{3}$')", gate=False),
    Recount("P-5", "notes", r"SELECT * FROM notes WHERE {'k':note}.k = '100%% %s $1 ?'", gate=False),
]

RAISING = [
    Recount("B-1", "children", "SELECT * FROM children WHERE height > 1", gate=True),
    Recount("B-2", "children", "SELECT * FROM children WHERE CAST(name AS INTEGER) > 1", gate=True),
    Recount("B-3", "children", "SELEKT", gate=False),
    Recount("B-4", "children", "SELECT * FROM children WHERE error(name)", gate=False),
    Recount("B-5", "visits", "SELECT * FROM visits", gate=False),
    Recount("B-6", "children", "SELECT * FROM children WHERE height > 1", gate=False),
]

# Python runs this in the child before anything else: it notes down, and stops, any talk with a
# network, and that it was there to do so.
NO_NETWORK = """
import os, pathlib, socket
notes = pathlib.Path(__file__).with_name("network.txt")
notes.write_text("watched")
def refuse(*_, **__):
    notes.write_text("spoke")
    os._exit(77)
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
"""


@dataclass(frozen=True)
class Run:
    answers: dict[str, Recounted]
    loaded_by_asking: set[str]
    docs: Path
    network: str


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its path holds what an address or Great Expectations' own settings could misread."""
    path = tmp_path_factory.mktemp("a release $HOME %41 (é)") / "release.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE children (child_id INTEGER, name VARCHAR, born_on DATE)")
        connection.execute("CREATE TABLE referrals (child_id INTEGER, made_at TIMESTAMP)")
        connection.execute("CREATE TABLE notes (note VARCHAR)")
        connection.execute(
            "INSERT INTO children SELECT range, ?, "
            "CASE WHEN range % 7 = 0 THEN NULL ELSE DATE '2019-05-01' END FROM range(300)",
            [NAME],
        )
        connection.execute(
            "INSERT INTO referrals SELECT range, TIMESTAMP '2025-12-31 08:00:00' "
            "+ INTERVAL (range) MINUTE FROM range(330)"
        )
        for note in (
            "{batch} {{}} {",
            " :word :a: x::y",
            "back\\:word \\\\: \\",
            "123",
            "100%% %s $1 ?",
        ):
            connection.execute("INSERT INTO notes VALUES (?)", [note])
    return path


@pytest.fixture(scope="module")
def run(database: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One run for most tests below, as Great Expectations takes seconds to start."""
    docs, early = tmp_path_factory.mktemp("docs"), tmp_path_factory.mktemp("early")
    (early / "sitecustomize.py").write_text(NO_NETWORK)
    loaded = set(sys.modules)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(early))
        told = recount(database, [*GOOD, *RAISING, *PUNCTUATED], docs)
    network = (early / "network.txt").read_text()
    answers = {answer.rule: answer for answer in told}
    return Run(answers, set(sys.modules) - loaded, docs, network)


def duckdb_counts(database: Path, each: Recount) -> int:
    with duckdb.connect(str(database), read_only=True) as connection:
        return len(connection.execute(each.failing_rows_sql).fetchall())


@pytest.mark.parametrize("each", GOOD, ids=lambda each: each.rule)
def test_the_count_is_duckdbs_own(database: Path, run: Run, each: Recount) -> None:
    assert run.answers[each.rule] == Recounted(each.rule, duckdb_counts(database, each), None)


def test_the_rules_of_these_tests_do_count_something(run: Run) -> None:
    assert [run.answers[each.rule].failed for each in GOOD] == [43, 0, 300, 30, 330]


@pytest.mark.parametrize("each", PUNCTUATED, ids=lambda each: each.rule)
def test_punctuation_that_great_expectations_or_sqlalchemy_reads_is_left_to_duckdb(
    database: Path, run: Run, each: Recount
) -> None:
    assert duckdb_counts(database, each) == 1
    assert run.answers[each.rule] == Recounted(each.rule, 1, None)


def test_a_query_that_raises_is_a_problem_of_its_own_rule_only(
    run: Run,
) -> None:
    uncounted = {rule for rule, answer in run.answers.items() if answer.problem is not None}
    assert uncounted == {each.rule for each in RAISING}
    assert all(run.answers[rule].failed is None for rule in uncounted)


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ("B-1", 'Binder Error: Referenced column "height" not found'),
        ("B-2", "Conversion Error: Could not convert string (withheld) to INT32"),
        ("B-3", "Parser Error: syntax error"),
        ("B-4", "Invalid Input Error: its words are withheld"),
        ("B-5", "Catalog Error: Table with name visits does not exist!"),
        ("B-6", 'Binder Error: Referenced column "height" not found'),
    ],
)
def test_a_problem_is_duckdbs_sentence_without_a_childs_details(run: Run, rule: str, sentence: str) -> None:
    problem = run.answers[rule].problem
    assert problem is not None
    assert problem.startswith(sentence)
    assert "Quirk" not in problem


def test_the_figures_of_a_rate_are_counted_again(tmp_path: Path) -> None:
    path, today = tmp_path / "figures.duckdb", date(2026, 1, 15)
    with duckdb.connect(str(path)) as connection:
        workspace.create(connection)
        connection.execute(
            "INSERT INTO children BY NAME SELECT range AS seq, 'child-' || range AS source_id, 'female' AS sex,"
            " 'S120000' || (17 + range % 2 * 21) AS source_agency, DATE '2015-01-01' AS date_of_birth,"
            " CASE WHEN range % 2 = 0 THEN '180669078' END AS scn FROM range(50)"
        )
        done = rules_run(connection, [by_code()["ID15"], by_code()["ST14"]], today).results
    recounts = [Recount(one.rule.code, one.rule.table_name, failing_rows(one.rule, today), gate=False) for one in done]
    assert [one.denominator for one in done] == [2, 0]
    assert [one.failed for one in recount(path, recounts)] == [one.failed for one in done] == [1, 0]


def test_the_answers_come_in_the_order_asked(run: Run) -> None:
    assert [*run.answers] == [each.rule for each in [*GOOD, *RAISING, *PUNCTUATED]]


def test_whoever_asks_loads_nothing_heavy() -> None:
    asks = "import sys, quality.expectations; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", asks], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert "quality.expectations" in ran.stdout
    assert not HEAVY & set(ran.stdout.split())


def test_asking_leaves_great_expectations_out_of_this_process(
    run: Run,
) -> None:
    assert not HEAVY & {module.partition(".")[0] for module in run.loaded_by_asking}


def test_great_expectations_speaks_to_no_network(run: Run) -> None:
    assert run.network == "watched"


def test_data_docs_have_a_page_for_each_table_and_an_index(run: Run) -> None:
    pages = {path.name for path in run.docs.rglob("*") if path.is_file()}
    tables = ("children", "notes", "referrals")
    assert pages == {"index.html", *(f"{name}{page}.html" for name in tables for page in ("", "-suite"))}
    index = (run.docs / "index.html").read_text()
    assert "<td><a href='children.html'>children</a></td><td>1</td><td>2</td><td>5</td>" in index
    assert "<a href='children-suite.html'>8 expected</a>" in index
    assert "<td>visits</td><td>0</td><td>0</td><td>1</td><td></td>" in index


def test_data_docs_show_each_rule_and_its_count(run: Run) -> None:
    page = (run.docs / "children.html").read_text()
    assert all(f"/* {each.rule}" in page for each in GOOD if each.table == "children")
    assert "/* R-1, a gate */" in page
    assert ">43<" in page
    assert ">300<" in page


def test_data_docs_load_nothing_from_outside(run: Run) -> None:
    for path in run.docs.glob("*.html"):
        page = path.read_text().lower()
        assert "default-src 'none'" in page
        for loaded in ("http:", "https:", "src=", "url(", "<script", "<link", "<img", "@import"):
            assert loaded not in page, f"{path.name} holds {loaded}"


def test_data_docs_tell_no_failing_rows_values(run: Run) -> None:
    for path in run.docs.glob("*.html"):
        assert "Zebedee" not in path.read_text()
        assert "Traceback (most recent" not in path.read_text()


def test_data_docs_are_not_mixed_with_what_a_folder_already_holds(database: Path, tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("kept")
    with pytest.raises(FileExistsError, match="not empty"):
        recount(database, GOOD, tmp_path)


def test_a_file_that_is_no_database_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RecountCrashed, match="IO Error: Cannot open database"):
        recount(tmp_path / "missing.duckdb", GOOD)


def columns(dialect: str, database: Path) -> dict[str, str]:
    options = {"database": str(database), "read_only": True}
    engine = sqlalchemy.create_engine(f"{dialect}://", connect_args=options)
    try:
        found = sqlalchemy.inspect(engine).get_columns("children")
        return {column["name"]: str(column["type"]) for column in found}
    finally:
        engine.dispose()


def test_our_dialect_tells_a_tables_columns(database: Path) -> None:
    told = columns(duckdb_dialect.NAME, database)
    assert told == {"child_id": "INTEGER", "name": "VARCHAR", "born_on": "DATE"}


def test_canary_the_plain_dialect_cannot_tell_a_tables_columns(database: Path) -> None:
    try:
        told = columns("duckdb", database)
    except sqlalchemy.exc.ProgrammingError:
        return
    pytest.fail(f"duckdb_engine now tells columns ({told}): drop get_columns from KithDuckDB.")


def test_canary_great_expectations_cannot_count_through_the_plain_dialect(database: Path) -> None:
    plain = "from quality import duckdb_dialect, validation\nduckdb_dialect.NAME = 'duckdb'\nvalidation.main()"
    data = Data("", str(database), [Recount("R-1", "children", "SELECT 1", gate=True).expectation])
    job = {"data": [asdict(data)], "docs": None, "kept": None, "notice": ""}
    ran = subprocess.run(
        [sys.executable, "-c", plain],
        input=json.dumps(job),
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(ran.stdout)[0][0]["failed"] is None, (
        "Great Expectations now counts through duckdb_engine's own dialect: if the canary for "
        "columns fails too, delete quality/duckdb_dialect.py and use duckdb:// in validation.py."
    )
