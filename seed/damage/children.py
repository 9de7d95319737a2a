"""How to break each rule of children."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta

from schemas.codelists import code_list
from seed.damage.ways import (
    FAR,
    NO_CODE,
    OUTSIDE,
    STAND_IN,
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
    if not around.anywhere("children") or "date_of_birth" not in record:
        return None
    record["date_of_birth"] -= timedelta(days=1)
    return ()


def _much_later(record: Record) -> None:
    record["expected_date_of_birth"] += timedelta(days=500)


def _a_day_sooner(record: Record) -> None:
    """A birth date a day before the one first sent."""
    record["date_of_birth"] -= timedelta(days=1)


def _renumbered(field: str, with_check: Callable[[str], str | None], serial: slice) -> Callable[[Record], None]:
    """Another number of the same day or year, as good as the first."""

    def does(record: Record) -> None:
        number, width = record[field], serial.stop - serial.start
        serials = (int(number[serial]) + 2 * step for step in range(1, 400))
        bodies = (f"{number[: serial.start]}{value % 10**width:0{width}}" for value in serials)
        record[field] = next(found for body in bodies if (found := with_check(body)))

    return does


def _another_number(field: str, with_check: Callable[[str], str | None], serial: slice) -> Damage:
    """A good number that is not the one another of the child's sources holds."""

    def damage(record: Record, around: Around) -> Effects | None:
        if field not in record or not any(field in other.record for other in around.anywhere("children")):
            return None
        _renumbered(field, with_check, serial)(record)
        return ()

    return damage


def _has_sex(record: Record) -> bool:
    return record["sex"] not in (_OTHER_SEX, *code_list("sexes").flagged("is_not_known"))


def _another_group(record: Record) -> None:
    known = code_list("ethnic_groups").flagged("is_not_known", "false")
    record["ethnic_group"] = min(known - {record["ethnic_group"]})


def _again(field: str) -> Callable[[Record], None]:
    def does(record: Record) -> None:
        record[field] = [*record[field][:1], *record[field]] if record[field][0] != "none" else ["other", "other"]

    return does


_OTHER_SEX = one("sexes", "has_odd_chi")


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
    "ID17": when(BORN, change(_a_day_sooner)),
    "ID28": _another_number("scn", scn_with_check, slice(2, 8)),
    "ID29": _another_number("chi", chi_with_check, slice(6, 9)),
    "ID30": when(BORN, put(expected_date_of_birth=STAND_IN)),
    "ID31": when(UNBORN, put(sex=one("sexes", "has_odd_chi"))),
    "ID32": when(every(BORN, lacks("chi"), _has_sex), put(sex=_OTHER_SEX)),
    "ID33": when(has("ethnic_group"), change(_another_group)),
    "ID34": when(has("scn"), change(_renumbered("scn", scn_with_check, slice(2, 8)))),
    "ID35": when(has("chi"), change(_renumbered("chi", chi_with_check, slice(6, 9)))),
    "ID36": when(has("disabilities"), change(_again("disabilities"))),
    "ID37": when(has("additional_support_needs"), change(_again("additional_support_needs"))),
    "ID07": when(every(has("chi"), _has_sex), put(sex=_OTHER_SEX)),
}
