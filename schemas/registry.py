"""The record families: a line each, the name of its module in schemas.families."""

from importlib import import_module

from schemas.record import Family
from schemas.tables import Table

NAMES = (
    "children",
    "referrals",
    "plans",
    "chronologies",
    "care_episodes",
    "child_protection",
)

FAMILIES: tuple[Family, ...] = tuple(import_module(f"schemas.families.{name}").FAMILY for name in NAMES)
BY_NAME = {family.name: family for family in FAMILIES}
BY_SEGMENT = {family.segment: family for family in FAMILIES}
TABLES: tuple[Table, ...] = tuple(table for family in FAMILIES for table in family.tables)
