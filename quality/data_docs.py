"""Data Docs: Great Expectations' pages of suites and of what came of them, made to load nothing from outside.

Run on its own (`python -m quality.data_docs`) it makes them of what a validation kept.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Validated:
    """One table: how many rows failed each expectation (None: not counted), and the result, as JSON, that is shown."""

    table: str
    failed: Sequence[int | None]
    result: Mapping[str, Any] | None

    @property
    def page(self) -> str:
        """Its page's name, and the beginning of its suite's."""
        return self.table.replace(" ", "-")


def main() -> None:
    job = json.load(sys.stdin)
    kept = json.loads(Path(job["kept"]).read_text(encoding="utf-8"))
    with redirect_stdout(sys.stderr):
        write(Path(job["docs"]), [Validated(**each) for each in kept["tables"]], kept["notice"])


def write(docs: Path, tables: Sequence[Validated], notice: str) -> None:
    """Two pages for each table, and an index written here: that of Great Expectations is a script."""
    docs.mkdir(parents=True, exist_ok=True)
    for name, page in _pages(tables):
        (docs / f"{name}.html").write_text(_under(notice, page), encoding="utf-8")


def _pages(tables: Sequence[Validated]) -> Iterator[tuple[str, str]]:
    """Every page with its name."""
    for table in tables:
        if table.result is not None:
            result = _loaded(table.result)
            yield table.page, _loading_nothing(_results_page(result))
            yield f"{table.page}-suite", _loading_nothing(_suite_page(result))
    rows = "\n".join(_index_row(table) for table in tables)
    yield (
        "index",
        f"<!DOCTYPE html>\n<html lang='en'><head>{_HEAD}</head><body>{_INDEX}{rows}</table></body></html>\n",
    )


def _under(notice: str, page: str) -> str:
    return page.replace("<body>", f"<body><p><b>{escape(notice, quote=False)}</b></p>", 1) if notice else page


def _loaded(result: Mapping[str, Any]) -> Any:
    from great_expectations.core.expectation_validation_result import expectationSuiteValidationResultSchema

    return expectationSuiteValidationResultSchema.load(result)


def _results_page(result: Any) -> str:
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer

    return _viewed(ValidationResultsPageRenderer(run_info_at_end=True), result)


def _suite_page(result: Any) -> str:
    """What was expected; an expectation is told once, however often it was answered beside one that raised."""
    from great_expectations import ExpectationSuite
    from great_expectations.render.renderer.page_renderer import ExpectationSuitePageRenderer

    expected = {each.expectation_config.meta["position"]: each.expectation_config for each in result.results}
    made = [expected[position].to_json_dict() for position in sorted(expected)]
    return _viewed(ExpectationSuitePageRenderer(), ExpectationSuite(name=result.suite_name, expectations=made))


def _viewed(renderer: Any, shown: Any) -> str:
    return str(_view().render(renderer.render(shown)))


@cache
def _view() -> Any:
    """One for all pages, as it reads each of its templates once."""
    from great_expectations.render.view.view import DefaultJinjaPageView

    return DefaultJinjaPageView()


def _loading_nothing(page: str) -> str:
    """The page without its scripts, remote styles, logo and newsletter, and in our own dress."""
    page = _LOADED.sub("", page)
    page = _LED_ELSEWHERE.sub("", page)
    page = page.replace("<head>", f"<head>{_HEAD}", 1)
    return page.replace("<body>", "<body><p><a href='index.html'>All tables</a></p>", 1)


_LOADED = re.compile(r"(?is)<(script|style|footer)\b.*?</\1>|<(?:link|img)\b[^>]*>")
_LED_ELSEWHERE = re.compile(r'(?i)\shref="(?!#)[^"]*"')

# The policy makes a browser refuse whatever a later version of Great Expectations adds. The styles
# give words to the statuses, which were icons of a remote font, and hide what scripts drove.
_HEAD = """
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
body { font-family: sans-serif; margin: 2rem; }
table { border-collapse: collapse; margin: 1rem 0; }
td, th { border: 1px solid #767676; padding: 0.3rem 0.6rem; text-align: left; }
.badge { font-family: monospace; white-space: pre-wrap; }
.fa-check-circle::before { content: "pass"; }
.fa-times::before { content: "fail"; }
.fa-exclamation-triangle::before { content: "could not be counted"; }
nav, .btn-group-toggle, .card, [data-toggle="collapse"] { display: none; }
</style>
"""

_INDEX = """
<h1>Data Docs: what Great Expectations expected, and what it counted</h1>
<table><tr>
<th>Table</th><th>Rules no row fails</th><th>Rules some row fails</th><th>Could not be counted</th><th>Suite</th>
</tr>
"""


def _index_row(table: Validated) -> str:
    name = escape(table.table)
    page, suite = escape(f"{table.page}.html"), escape(f"{table.page}-suite.html")
    link = name if table.result is None else f"<a href='{page}'>{name}</a>"
    of_suite = "" if table.result is None else f"<a href='{suite}'>{len(table.failed)} expected</a>"
    uncounted, passed = table.failed.count(None), table.failed.count(0)
    cells = [link, passed, len(table.failed) - passed - uncounted, uncounted, of_suite]
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


if __name__ == "__main__":
    main()
