"""Where something governs: a chain or all, and of it all or some regions and families."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ontology.access import ANY
from ontology.errors import InputError

MOST_NAMES, LONGEST_NAME = 200, 200


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """A chain (ANY: every one) and, where they are named, only some of its regions and families.

    Names are sorted and given once. Raises InputError `SCOPE_INVALID`.
    """

    chain: str = ANY
    regions: tuple[str, ...] = ()
    families: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Sort the names, and refuse what can be none."""
        for field in ("regions", "families"):
            object.__setattr__(self, field, tuple(sorted(set(getattr(self, field)))))
        names = (self.chain, *self.regions, *self.families)
        if len(names) > MOST_NAMES or not all(0 < len(name) <= LONGEST_NAME for name in names):
            raise InputError(
                f"a scope takes at most {MOST_NAMES} names of 1 to {LONGEST_NAME} letters",
                code="SCOPE_INVALID", hint="name a chain, or * for all; then regions and families",
            )  # fmt: skip

    @property
    def is_partial(self) -> bool:
        """Whether it governs only a part of its chains."""
        return bool(self.regions or self.families)

    def covers(self, chain: str) -> bool:
        """Whether it is of this chain."""
        return self.chain in (chain, ANY)

    @property
    def words(self) -> str:
        """The scope in words."""
        chain = "everywhere" if self.chain == ANY else self.chain
        names = [f"region {one}" for one in self.regions]
        names += [f"family {one}" for one in self.families]
        return f"{chain}: {', '.join(names)}" if names else chain

    def stated(self) -> dict[str, Any]:
        """As an event states it; `scope_of` reads it back."""
        return {"chain": self.chain, "regions": list(self.regions), "families": list(self.families)}


EVERYWHERE = Scope()


def scope_of(stated: Mapping[str, Any]) -> Scope:
    """The scope that an event states."""
    return Scope(stated["chain"], tuple(stated["regions"]), tuple(stated["families"]))
