"""The record families: one line each."""

from schemas.families import care_episodes, child_protection, children, chronologies, plans, referrals
from schemas.record import Family
from schemas.tables import Table

FAMILIES: tuple[Family, ...] = (
    children.FAMILY,
    referrals.FAMILY,
    plans.FAMILY,
    chronologies.FAMILY,
    care_episodes.FAMILY,
    child_protection.FAMILY,
)

BY_NAME = {family.name: family for family in FAMILIES}
BY_SEGMENT = {family.segment: family for family in FAMILIES}
TABLES: tuple[Table, ...] = tuple(table for family in FAMILIES for table in family.tables)
