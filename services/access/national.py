"""Who sees all agencies' quality and not only its own: never more than to read, and never a child."""

from schemas.codelists import code_list


def is_national(agency: str) -> bool:
    """Whether the list of agencies gives it the national view."""
    return agency in code_list("agencies").flagged("has_national_view")


def seen_by(agency: str) -> str | None:
    """The one agency whose quality an agency sees; None where it sees that of all."""
    return None if is_national(agency) else agency
