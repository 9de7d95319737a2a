"""children: one child as one source knows them."""

from typing import Annotated

from pydantic import Field

from schemas.fields import (
    BirthDate,
    ChildRef,
    Code,
    DataZone,
    FieldClass,
    Identifier,
    Name,
    OfOthers,
    OnDate,
    Postcode,
    Release,
)
from schemas.record import MOST_ITEMS, Family, Item, Record


class OtherIdentifier(Item):
    """An identifier of the child in a system other than the NHS's or the schools'."""

    system: Annotated[str, Field(min_length=1, max_length=64), FieldClass.PLACE]
    """The system that issued it, in the source's words."""
    value: Annotated[Identifier, FieldClass.PLACE]
    """The identifier, as text."""


class Sibling(Item):
    """A brother or sister whom the source knows."""

    child: Annotated[ChildRef, OfOthers.SAYS]
    """The source's own id of the brother or sister."""
    relation: Annotated[str, Code("sibling_relations"), OfOthers.SAYS]
    """What they are to each other."""


class Child(Record):
    """One child as one source knows them: identifiers and demographics."""

    given_name: Name | None = None
    """First name; absent for an unborn child."""
    family_name: Name | None = None
    """Surname."""
    other_names: Annotated[list[Name], Field(max_length=MOST_ITEMS)] = []
    """Other names the child has or had."""
    date_of_birth: BirthDate | None = None
    """Date of birth; absent until the child is born."""
    expected_date_of_birth: BirthDate | None = None
    """The date the birth was expected; kept after the birth."""
    date_of_birth_estimated: bool | None = None
    """Whether the date of birth is an estimate, as after an age assessment."""
    sex: Annotated[str, Code("sexes")]
    """Sex as recorded by the source."""
    ethnic_group: Annotated[str, Code("ethnic_groups")] | None = None
    """Ethnic group, as the child or the family describes it."""
    religion: Annotated[str, Code("religions")] | None = None
    """Religion or belief."""
    disabilities: Annotated[list[Annotated[str, Code("disabilities")]], Field(max_length=MOST_ITEMS)] = []
    """Disabilities."""
    additional_support_needs: Annotated[
        list[Annotated[str, Code("additional_support_needs")]], Field(max_length=MOST_ITEMS)
    ] = []
    """Additional support needs in education."""
    communication_needs: Annotated[list[Annotated[str, Code("communication_needs")]], Field(max_length=MOST_ITEMS)] = []
    """What helps the child to be understood."""
    chi: Identifier | None = None
    """Community Health Index number: ten digits, as text. Never mandatory."""
    scn: Identifier | None = None
    """Scottish Candidate Number: nine digits, as text. Never mandatory."""
    other_identifiers: Annotated[list[OtherIdentifier], Field(max_length=MOST_ITEMS)] = []
    """Identifiers in other systems."""
    home_postcode: Postcode | None = None
    """Postcode of home, never of a placement."""
    home_data_zone: DataZone | None = None
    """2011 data zone of home, never of a placement: the area deprivation is read from."""
    local_authority: Annotated[str, Code("local_authorities")]
    """Council of home."""
    date_of_death: Annotated[OnDate, Release.MONTH] | None = None
    """Date of death."""
    siblings: Annotated[list[Sibling], Field(max_length=MOST_ITEMS)] = []
    """Brothers and sisters known to the source."""
    identity_change: Annotated[str, Code("identity_changes")] | None = None
    """Why the child's identity changed; such a record is never linked to what was before."""


FAMILY = Family("children", Child, "one child as one source knows them", is_child=True)
