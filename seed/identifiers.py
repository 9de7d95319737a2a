"""Made-up identifiers: CHI and SCN with right check digits, source ids, postcodes of nowhere."""

from collections import Counter
from datetime import date
from hashlib import sha256
from random import Random

from quality.functions import is_chi, is_scn

CONSONANTS = "bcdfghjkmnpqrstvwxz"
"""Without a vowel or a y: an id made of these and of short runs of digits can hold no name, CHI or SCN."""
FIRST_BIRTH, LAST_BIRTH = date(2000, 1, 1), date(2027, 12, 31)
SERIALS = 1000


class Register:
    """Issues CHI and SCN numbers, none twice; its size does not grow with the number issued."""

    def __init__(self) -> None:
        self._chi_issued = bytearray(((LAST_BIRTH - FIRST_BIRTH).days + 1) * SERIALS // 8 + 1)
        self._scn_issued: Counter[int] = Counter()

    def chi(self, born_on: date, sex: str, rng: Random) -> str | None:
        """A CHI for a birth date and sex; None where all are taken."""
        start, odd = rng.randrange(SERIALS), sex == "male"
        for step in range(SERIALS):
            serial = (start + step) % SERIALS
            number = chi_with_check(f"{born_on:%d%m%y}{serial:03}") if serial % 2 == odd else None
            if number and self._take((born_on - FIRST_BIRTH).days * SERIALS + serial):
                return number
        return None

    def scn(self, issue_year: int) -> str:
        """The next SCN of a year of issue (its last two digits in front)."""
        while True:
            self._scn_issued[issue_year] += 1
            body = (self._scn_issued[issue_year] * 382_471 + issue_year * 7_919) % 1_000_000
            number = scn_with_check(f"{issue_year % 100:02}{body:06}")
            if number:
                return number

    def _take(self, place: int) -> bool:
        byte, bit = divmod(place, 8)
        taken = self._chi_issued[byte] >> bit & 1
        self._chi_issued[byte] |= 1 << bit
        return not taken


def chi_with_check(body: str) -> str | None:
    """Nine digits with their check digit; None where there is none for them."""
    return next((body + digit for digit in "0123456789" if is_chi(body + digit)), None)


def scn_with_check(body: str) -> str | None:
    """Eight digits with their check digit; None where there is none for them."""
    return next((body + digit for digit in "0123456789" if is_scn(body + digit)), None)


def opaque(*parts: object) -> str:
    """An id that tells nothing of what it stands for, the same each time."""
    number = int.from_bytes(sha256("/".join(map(str, parts)).encode()).digest()[:8], "big")
    number, digits = divmod(number, 10_000)
    front, back = _letters(number // len(CONSONANTS) ** 4, 4), _letters(number, 4)
    return f"{front}-{digits:04}-{back}"


def _letters(number: int, count: int) -> str:
    found = ""
    for _ in range(count):
        number, place = divmod(number, len(CONSONANTS))
        found += CONSONANTS[place]
    return found


def postcode(rng: Random) -> str:
    """A postcode of ZZ99, an area that does not exist; never one of the NHS's own pseudo-postcodes, which end in Z."""
    return f"ZZ99 {rng.randrange(10)}{rng.choice('ABDEFGHJLNPQRSTUWXY')}{rng.choice('ABDEFGHJLNPQRSTUWXY')}"
