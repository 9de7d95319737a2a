"""What is held of a child as a page to read, for a young person or a parent: it stands alone and prints."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from html import escape
from typing import Any

from quality.functions import LONDON
from quality.page import MADE_UP, Sheet, page, shown
from schemas.codelists import code_list
from schemas.fields import is_agency
from schemas.registry import BY_NAME
from schemas.tables import Column, Table
from services.children.others import KEPT_BACK, TAKEN_OUT, shapes
from services.children.reading import Json, agency_name

TITLE = "What is kept about you"
WAITS = "Kept back until somebody has looked at it"
TAKEN = "Taken out, because it is about somebody else"
KINDS: Mapping[str, str] = {
    "children": "Who you are",
    "referrals": "Somebody asked for help for you",
    "plans": "A plan for you",
    "chronologies": "Something that happened",
    "care_episodes": "A time when you were looked after",
    "child_protection": "Keeping you safe",
}
"""What a record of each family is called; another family's is called by its name."""
ENDINGS = ("_on", "_at")
Path = tuple[str, ...]


def write(body: Json) -> str:
    """The page of a package."""
    parts = (_first(body), _held(body), _received(body), _looked(body), _shared(body), _gone(body), _next())
    return page(TITLE, "\n".join(part for part in parts if part), MADE_UP if body["made_up"] else "")


def _first(body: Json) -> str:
    agencies = sorted({one["agency_name"] for one in body["records"]})
    said = [
        f"This is a copy of what these services have put into Kith about you: {', '.join(agencies) or 'none'}.",
        f"It was made on {_day(body['made_at'])}. It says what they wrote, who else got it, who looked at it and why.",
    ]
    if body["left_out"]:
        said.append(
            "Where you live, who looks after you, your school and places where people can be reached are left out of"
            " this copy, to keep you safe. A service that knows you can talk about them with you."
        )
    if body["waiting"]:
        said.append(
            f"{body['waiting']} parts are kept back for now. They may be about other people, who have rights as well."
            " Somebody looks at each of them. Then you get a new copy."
        )
    return "".join(f"<p>{escape(one)}</p>" for one in said)


def _held(body: Json) -> str:
    return "<h2>What was written about you</h2>" + "".join(_record(one) for one in body["records"])


def _record(record: Json) -> str:
    """The newest version first, then what it said before."""
    newest, *before = reversed(record["versions"])
    title = f"{KINDS.get(record['family'], record['family'].replace('_', ' '))}: {record['agency_name']}"
    parts = [f"<section><h3>{escape(title)}</h3>"]
    if record["state"] != "held":
        parts.append("<p>The service has taken this back. It is kept to show what was said.</p>")
    parts.append(_version(record, newest, "What it says now" if record["state"] == "held" else "The last word on it"))
    parts += [_version(record, one, "What it said before") for one in before]
    return "".join(parts) + "</section>"


def _version(record: Json, version: Json, title: str) -> str:
    caption = f"{title} (written {_day(version['recorded_at'])}, got here {_day(version['received_at'])})"
    if version["record"] is None:
        return f"<p>{escape(caption)}: it was erased.</p>"
    columns = _columns(shapes(BY_NAME[record["family"]], version["op"]))
    return shown(Sheet(caption, ("What", "What it says"), list(_lines(version["record"], columns))))


def _columns(tables: Sequence[Table]) -> dict[Path, Column]:
    return {(*table.path, *column.path): column for table in tables for column in table.columns}


def _lines(value: Any, columns: Mapping[Path, Column], path: Path = (), label: str = "") -> Iterator[tuple[str, str]]:
    """What a record says, a line a value; ids by which systems find records are left to the JSON."""
    if isinstance(value, list):
        for number, each in enumerate(value, 1):
            yield from _lines(each, columns, path, f"{label} {number}" if len(value) > 1 else label)
    elif isinstance(value, Mapping) and not _mark(value):
        for name, each in value.items():
            yield from _lines(each, columns, (*path, name), f"{label}, {_named(name)}" if label else _named(name))
    elif value not in (None, ""):
        column = columns.get(path) or columns.get((*path[:-1], "1"))
        if column is None or not (column.refers_to or path[-1] in ("id", "recorded_at")) or _mark(value):
            yield label, _said(value, column)


def _named(name: str) -> str:
    for ending in ENDINGS:
        name = name.removesuffix(ending)
    return name.replace("_", " ")


def _mark(value: Any) -> str:
    """What is said where something is kept back or was taken out."""
    if not isinstance(value, Mapping):
        return ""
    return WAITS if KEPT_BACK in value else TAKEN if TAKEN_OUT in value else ""


def _said(value: Any, column: Column | None) -> str:
    if mark := _mark(value):
        return mark
    if isinstance(value, bool):
        return "yes" if value else "no"
    if column is not None and column.codelist:
        return plain(column.codelist, str(value))
    if column is not None and column.kind in ("date", "instant"):
        return _day(value)
    return str(value)


def plain(codelist: str, code: str | None) -> str:
    """A code in plain words: an agency by its name; the code where no list has it, and nothing for nothing."""
    if code and codelist == "agencies" and is_agency(code):
        return agency_name(code)
    row = code_list(codelist).rows.get(code or "")
    return row["plain_label"] if row else code or ""


def _day(value: str | date | datetime) -> str:
    """A day in words, as it is in Scotland."""
    try:
        read = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return str(value)
    local = read.astimezone(LONDON) if isinstance(read, datetime) and read.tzinfo else read
    return f"{local.day} {local:%B %Y}"


def _received(body: Json) -> str:
    rows = [(one["agency_name"], one["times"], _day(one["last_at"]), _purposes(one)) for one in body["received"]]
    copies = [(one["to_agency_name"], f"what {one['of_agency_name']} wrote", one["entries"]) for one in body["copies"]]
    parts = ["<h2>Who got it</h2>"]
    parts.append(
        _table("Services that looked", ("Service", "How often", "Last time", "What for"), rows, "Nobody has looked.")
    )
    told = ("Service", "What", "How many pieces of news")
    parts.append(_table("Services that are told of changes", told, copies, "No other service is told of changes."))
    return "".join(parts)


def _purposes(received: Json) -> str:
    return "; ".join(plain("purposes", one) for one in received["purposes"])


def _looked(body: Json) -> str:
    rows = [
        (
            _day(one["at"]),
            one["agency_name"],
            plain("practitioner_roles", one["role"]),
            plain("purposes", one["purpose"]),
        )
        for one in body["looked"]
    ]
    title = "Each time somebody looked"
    return "<h2>Who looked, and why</h2>" + _table(title, ("When", "Service", "Job", "What for"), rows, "Nobody has.")


def _shared(body: Json) -> str:
    decided = [
        (_day(one["at"]), one["agency_name"], "shared" if one["is_shared"] else "not shared",
         plain("agencies", one["shared_with"]), _text(one, "what"), _text(one, "reason"))
        for one in body["sharing_decisions"]
    ]  # fmt: skip
    broken = [(_day(one["granted_at"]), one["agency_name"], _text(one, "reason")) for one in body["break_glass"]]
    heads = ("When", "Service", "Decision", "With", "What", "Why")
    parts = [
        "<h2>What was decided about sharing</h2>",
        _table("Decisions", heads, decided, "No decision was written down."),
    ]
    title = "Times when somebody looked in an emergency, without having been let in before"
    return "".join(parts) + _table(title, ("When", "Service", "Why"), broken, "That has not happened.")


def _text(row: Json, name: str) -> str:
    return _mark(row.get(name)) or str(row.get(name) or "")


def _gone(body: Json) -> str:
    rows = [
        (_day(one["erased_at"]), one["agency_name"], plain("erasure_reasons", one["reason"])) for one in body["erased"]
    ]
    return (
        "<h2>What was erased</h2>" + _table("Erased for good", ("When", "Service", "Why"), rows, "Nothing.")
        if rows
        else ""
    )


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], none: str) -> str:
    return shown(Sheet(title, columns, rows)) if rows else f"<p>{escape(title)}: {escape(none)}</p>"


def _next() -> str:
    return (
        "<h2>If something is wrong</h2><p>Tell the service that wrote it. It has to look at it, and put it right if it"
        " is wrong; everybody who got it is told. If you are not happy with the answer you can complain to the"
        " service, and to the Information Commissioner (ICO). You can ask somebody you trust, or an advocacy worker,"
        " to help.</p>"
    )
