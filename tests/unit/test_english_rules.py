"""Every English rule whose logic was looked at, and where Kith carries it: docs/english-rules.md, held to its word."""

import re
from pathlib import Path

import pytest

from quality.catalogue import by_code, rules

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "english-rules.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.split("|")[1:4]]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| English rule")
]
NAMED = sorted({code for row in ROWS for code in re.findall(r"`([A-Z]{2}\d\d)`", row[2])})

LOOKED_AT = {
    "identity": "102 202 203 204 208 301 444 1510-1550 1520 1570 1580 8500 8510 8520 8525Q 8535Q 8750"
    " INT03-09 INT11-18",
    "referrals": "2990 4000 8555Q 8565 8568 8569Q 8585Q 8590 8600 8606 8610 8630 8640 8650 8772 8805 8810 8815 8816"
    " 8820 8831 8832 8866",
    "assessment": "1103 8608 8614 8670Q 8790 8794 8825Q 8863Q 8867 8869 8873Q 8896 8897Q 8898 8945Q 8950Q",
    "plan": "4001 4003 4004 4008 4009Q 4010 4011 4012Q 4014 4015 4016 4017",
    "protection": "1104 1105 2884 2885 2889 2991Q 8615 8675Q 8730 8839 8840 8841 8842Q 8868 8870Q 8875 8890 8905 8910"
    " 8915 8920 8925 8935 8940",
    "episodes": "141 142 147 148 199 302 352 354 355 356 357 361-365 366 367 375 376 379 380 381 383 385 386 387 388"
    " 389 407 426 431 432-436 437 460 501 502 503A-J 504 562 NoE",
    "placement": "143-146 149 178 213 217 227 228 358 359 371-374 378 382 384 392b 392c 392d 408 454 526-528 550 1015",
    "reasons": "225 226 233 234 335 516 580 1009",
    "others": "116-120 166 167 440 441 522 552 557 558 564-567 570 571 574 577 578 581 586 607 611 620 621"
    " SW06-SW10 SW11b SW13 SW17",
    "returns": "2883 2886Q 2887Q 2888Q",
}
"""The English rules that were looked at, by what they are about."""


def test_every_english_rule_that_was_looked_at_stands_on_the_page_once() -> None:
    told = [rule for row in ROWS for rule in row[0].split(", ")]
    assert sorted(told) == sorted(rule for some in LOOKED_AT.values() for rule in some.split())


def test_every_row_names_a_rule_or_says_why_scotland_has_none() -> None:
    silent = [row[0] for row in ROWS if not re.search(r"`[A-Z]{2}\d\d`|does not hold: \w", row[2])]
    assert silent == []


@pytest.mark.parametrize("code", NAMED)
def test_a_rule_that_is_named_exists(code: str) -> None:
    assert code in by_code()


def test_every_rule_that_says_it_is_english_logic_stands_on_the_page() -> None:
    english = {rule.code for rule in rules() if re.search(r"England .* logic only", rule.source)}
    typed = {"RF07", "LA51"}  # the census's repeat referrals, which no rule asks for; 601, which 335 and 516 go beside
    assert english - set(NAMED) - typed == set()
