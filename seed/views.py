"""What a child or a family says, and how the child's view was given."""

from random import Random

from seed.postings import Record
from seed.reference import fits, grouped


def child_view(about: str, age: int, rng: Random) -> Record:
    """A view that fits the child's age, with how it was given; nothing where none fits."""
    fitting = [row for row in grouped("views", "about")[about] if fits(row, age)]
    if not fitting:
        return {}
    line = rng.choice(fitting)
    return {"child_view": line["text"], "child_view_method": line["method"]}


def family_view(about: str, rng: Random) -> Record:
    """What the family says."""
    return {"family_view": rng.choice(grouped("family_views", "about")[about])["text"]}


def took_part(age: int, rng: Random) -> str:
    """The choice of ways in which a child of that age takes part in a meeting."""
    return "took_part_infant" if age < 4 else "took_part_child" if age < 12 else "took_part_teen"
