"""How to break each rule of children."""

from collections.abc import Mapping
from datetime import date, timedelta

from schemas.codelists import code_list
from seed.damage.ways import (
    FAR,
    NO_CODE,
    Around,
    Damage,
    Effects,
    SideEffect,
    change,
    drop,
    every,
    has,
    lacks,
    leaf,
    put,
    when,
)
from seed.identifiers import chi_with_check, scn_with_check
from seed.postings import Record
from seed.reference import one

BORN = has("date_of_birth")
UNBORN = every(lacks("date_of_birth"), has("expected_date_of_birth"))


def _wrong_digit(field: str) -> Damage:
    def does(record: Record) -> None:
        number = record[field]
        record[field] = number[:-1] + str((int(number[-1]) + 1) % 10)

    return when(has(field), change(does))


def _digit_short(field: str) -> Damage:
    def does(record: Record) -> None:
        record[field] = record[field][1:]

    return when(has(field), change(does))


def _issued_too_soon(record: Record) -> None:
    """An SCN of the year after birth."""
    year = (record["date_of_birth"].year + 1) % 100
    bodies = (f"{year:02}{serial:06}" for serial in range(10**6 - 1 - int(record["scn"][2:8]), 0, -1))
    record["scn"] = next(number for body in bodies if (number := scn_with_check(body)))


def _another_day(record: Record) -> None:
    """A valid CHI of somebody born eleven days later."""
    front = f"{record['date_of_birth'] + timedelta(days=11):%d%m%y}"
    serials = (int(record["chi"][6:9]) + 2 * step for step in range(400))
    bodies = (f"{front}{serial % 1000:03}" for serial in serials)
    record["chi"] = next(number for body in bodies if (number := chi_with_check(body)))


def _brothers_number(record: Record, around: Around) -> Effects | None:
    """The SCN of a brother or sister in the same source."""
    mine = around.posting
    same = (p for p in around.household if p.family == mine.family and p.source == mine.source and p is not mine)
    other = next((p for p in same if "scn" in p.record), None)
    if other is None or "scn" not in record:
        return None
    record["scn"] = other.record["scn"]
    return [SideEffect("ID13", other)]


def _retired(record: Record) -> None:
    rows = code_list("local_authorities").rows
    record["local_authority"] = next(code for code, row in rows.items() if row["maps_to"] == record["local_authority"])


def _has_retired(record: Record) -> bool:
    return any(row["maps_to"] == record["local_authority"] for row in code_list("local_authorities").rows.values())


def _twice(record: Record) -> None:
    record["siblings"] = [*record["siblings"], record["siblings"][0]]


def _dies_too_soon(record: Record) -> None:
    record["date_of_death"] = record["date_of_birth"] - timedelta(days=10)


def _a_day_before(record: Record, around: Around) -> Effects | None:
    """A birth date a day before the one that the child's other sources hold."""
    mine = around.posting
    elsewhere = [p for p in around.household if p.family == mine.family and p.person is mine.person and p is not mine]
    if not elsewhere or "date_of_birth" not in record:
        return None
    record["date_of_birth"] -= timedelta(days=1)
    return ()


def _much_later(record: Record) -> None:
    record["expected_date_of_birth"] += timedelta(days=500)


OUTSIDE = next(
    code
    for code, row in code_list("local_authorities").rows.items()
    if row["is_council"] == "false" and row["is_not_known"] == "false"
)
DAMAGES: Mapping[str, Damage] = {
    "ID01": _digit_short("scn"),
    "ID02": _wrong_digit("scn"),
    "ID03": when(has("scn", "date_of_birth"), change(_issued_too_soon)),
    "ID04": _digit_short("chi"),
    "ID05": _wrong_digit("chi"),
    "ID06": when(has("chi", "date_of_birth"), change(_another_day)),
    "ID08": leaf(put(local_authority="S12000099")),
    "ID09": when(_has_retired, change(_retired)),
    "ID10": leaf(when(BORN, put(date_of_birth=FAR))),
    "ID11": leaf(when(lacks("expected_date_of_birth"), drop("date_of_birth"))),
    "ID12": leaf(when(UNBORN, change(_much_later))),
    "ID13": _brothers_number,
    "ID18": leaf(put(sex=NO_CODE)),
    "ID19": leaf(when(BORN, put(sex=one("sexes", "is_unborn")))),
    "ID20": leaf(when(BORN, change(_dies_too_soon))),
    "ID21": leaf(when(BORN, put(date_of_birth=date(1996, 5, 4)))),
    "ID22": put(disabilities=[one("disabilities", "is_none"), "hearing"]),
    "ID23": when(UNBORN, put(date_of_birth_estimated=True)),
    "ID24": when(has("home_data_zone"), put(local_authority=OUTSIDE)),
    "ID25": when(has("siblings"), change(_twice)),
    "ID26": _a_day_before,
}
