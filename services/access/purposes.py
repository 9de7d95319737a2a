"""What a child's records may be asked for: purpose, role and lawful basis, valid only in combination.

Which go together is data: the column `lawful_bases` of the list `purposes`, its
column `roles` and the column `agency_kind` of `lawful_bases`; an empty one of
the last two means any.
"""

from functools import cache

from schemas.codelists import code_list
from schemas.fields import kind_of_agency


@cache
def bases_of(purpose: str, agency: str) -> frozenset[str]:
    """The lawful bases that an agency of its kind has for a purpose; none for a purpose that there is not."""
    row = code_list("purposes").rows.get(purpose)
    return frozenset(basis for basis in _listed(row["lawful_bases"] if row else "") if _is_open(basis, agency))


@cache
def roles_for(purpose: str) -> frozenset[str]:
    """The roles that may ask for a purpose; only people ask about children."""
    row, roles = code_list("purposes").rows.get(purpose), code_list("practitioner_roles")
    if row is None:
        return frozenset()
    return roles.flagged("is_person").intersection(_listed(row["roles"]) or roles.rows)


def may_ask(purpose: str, role: str, agency: str) -> bool:
    """Whether somebody in that role, of that agency, may ask about a child for that purpose."""
    return role in roles_for(purpose) and bool(bases_of(purpose, agency))


def _is_open(basis: str, agency: str) -> bool:
    """Whether an agency of its kind may rely on a basis."""
    kinds = _listed(code_list("lawful_bases").rows[basis]["agency_kind"])
    kind = kind_of_agency(agency)
    return bool(kind) and (not kinds or kind in kinds)


def _listed(cell: str) -> list[str]:
    return [code for code in cell.split(";") if code]
