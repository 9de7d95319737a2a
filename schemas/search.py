"""What a search for a child may say of them: fields of a children record, each meaning the same."""

from typing import Annotated

from schemas.fields import Code, Identifier, Name, OnDate, Postcode
from schemas.record import Item


class ChildSearch(Item):
    """Who is looked for: by an identifier, or by both names and the birth date; anything more makes it surer."""

    chi: Identifier | None = None
    """Community Health Index number: ten digits, as text."""
    scn: Identifier | None = None
    """Scottish Candidate Number: nine digits, as text."""
    given_name: Name | None = None
    """Given name; case, accents, spaces and punctuation do not matter."""
    family_name: Name | None = None
    """Family name; case, accents, spaces and punctuation do not matter."""
    date_of_birth: OnDate | None = None
    """Date of birth."""
    sex: Annotated[str, Code("sexes")] | None = None
    """Sex as recorded."""
    home_postcode: Postcode | None = None
    """Postcode of home."""
    local_authority: Annotated[str, Code("local_authorities")] | None = None
    """Council of home."""
