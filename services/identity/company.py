"""The company that children records keep: which of them are linked to one child, and what each states.

Whether a record may be linked to a child is asked of every record that the
child has, never of one alone: an SCN in common with one does not outweigh a CHI
that contradicts another.
"""

from dataclasses import dataclass, field
from datetime import date

from services.store.links import ChildId

Identity = tuple[str, str, date]
"""An identifier's name and value, and the birth date that must agree."""


@dataclass(frozen=True)
class Stated:
    """What a record states of who it is about: trusted identities, the stronger first, and its CHI if well formed."""

    identities: tuple[Identity, ...] = ()
    chi: str | None = None
    changed_identity: bool = False

    def contradicts(self, other: "Stated") -> bool:
        """Whether both have a CHI and the two differ."""
        return self.chi is not None and other.chi is not None and self.chi != other.chi


NOBODYS = Stated(changed_identity=True)
"""What is heard of a record whose identity changed: nothing that leads to it."""


@dataclass
class Company:
    """Records by the child that they are linked to, in the order of their links."""

    _with: dict[str, dict[ChildId, Stated]] = field(default_factory=dict)
    _child: dict[ChildId, str] = field(default_factory=dict)
    _by_identity: dict[Identity, dict[ChildId, None]] = field(default_factory=dict)

    def child_of(self, one: ChildId) -> str | None:
        return self._child.get(one)

    def join(self, one: ChildId, child: str, stated: Stated) -> None:
        """A record is linked to a child, and to no other."""
        self.leave(one)
        self._child[one] = child
        self._with.setdefault(child, {})[one] = stated
        for identity in stated.identities:
            self._by_identity.setdefault(identity, {})[one] = None

    def leave(self, one: ChildId) -> None:
        """A record is linked to nobody."""
        child = self._child.pop(one, None)
        if child is not None:
            stated = self._with[child].pop(one)
            for identity in stated.identities:
                del self._by_identity[identity][one]

    def keeps(self, one: ChildId, stated: Stated, child: str) -> bool:
        """Whether a record may stay with its child: alone there, or with something in common and nothing against it."""
        others = self._others(one, child)
        in_common = any(not set(stated.identities).isdisjoint(other.identities) for other in others)
        return not stated.changed_identity and self.suits(one, stated, child) and (in_common or not others)

    def suits(self, one: ChildId, stated: Stated, child: str) -> bool:
        """Whether none of the child's other records contradicts it."""
        return not any(stated.contradicts(other) for other in self._others(one, child))

    def led_to(self, identity: Identity, one: ChildId, stated: Stated) -> list[str]:
        """The children that an identity leads a record to, by way of others, that suit it."""
        ways = (self._child[other] for other in self._by_identity.get(identity, ()) if other != one)
        return [child for child in dict.fromkeys(ways) if self.suits(one, stated, child)]

    def _others(self, one: ChildId, child: str) -> list[Stated]:
        return [stated for other, stated in self._with.get(child, {}).items() if other != one]
