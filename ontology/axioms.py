"""What follows from what: the axioms of `inventory.ttl`, and the words that are never loaded."""

from dataclasses import dataclass
from functools import cache

SUB_CLASS = "rdfs:subClassOf"
SUB_PROPERTY = "rdfs:subPropertyOf"
TRANSITIVE = "owl:TransitiveProperty"
SYMMETRIC = "owl:SymmetricProperty"
INVERSE = "owl:inverseOf"
CLOSED_WORLD = "closed world"
TYPE = "type"


@dataclass(frozen=True, slots=True, order=True)
class Axiom:
    """One axiom about words of the vocabulary, by local name; `object` is empty for a kind."""

    kind: str
    subject: str
    object: str = ""

    def __str__(self) -> str:
        """As a person reads it."""
        if self.kind in (TRANSITIVE, SYMMETRIC):
            return f"{self.subject} is an {self.kind}"
        if self.kind == CLOSED_WORLD:
            return f"{self.subject} is counted: {self.object}"
        return f"{self.subject} {self.kind} {self.object}".rstrip()


AXIOMS = (
    Axiom(SUB_CLASS, "Carrier", "Party"),
    Axiom(SUB_CLASS, "Customer", "Party"),
    Axiom(SUB_CLASS, "PurchaseOrder", "Order"),
    Axiom(SUB_CLASS, "SalesOrder", "Order"),
    Axiom(SUB_CLASS, "SoleSourcedItem", "Item"),
    Axiom(SUB_CLASS, "Supplier", "Party"),
    Axiom(SUB_CLASS, "TransferOrder", "Order"),
    Axiom(SUB_PROPERTY, "approvedReplacement", "replaceableBy"),
    Axiom(SUB_PROPERTY, "partOf", "within"),
    Axiom(TRANSITIVE, "replaceableBy"),
    Axiom(TRANSITIVE, "within"),
)
"""Those that rules need, as the Turtle states them; a test compares the two."""

INFERRED_CLASSES = ("Order", "Party", "SoleSourcedItem")
"""Classes of which nothing is ever loaded as an instance: membership follows."""


@dataclass(frozen=True, slots=True)
class Ends:
    """The classes that a property leads from and to."""

    subject: str
    object: str


INFERRED_PROPERTIES = {
    "approvedReplacement": Ends("Item", "Item"),
    "replaceableBy": Ends("Item", "Item"),
    "soleSource": Ends("Item", "Supplier"),
    "within": Ends("Location", "Location"),
}
"""Properties that no record states as they are: their statements follow from those of others."""

COUNTED = frozenset({"soleSource", "SoleSourcedItem"})
"""Words of the closed world: what a chain does not state, it is taken not to have."""


@cache
def classes_beneath(name: str) -> tuple[str, ...]:
    """The classes whose instances are all of a class, without that class, sorted."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        above = waiting.pop()
        below = {a.subject for a in AXIOMS if a.kind == SUB_CLASS and a.object == above} - found
        found |= below
        waiting.extend(below)
    return tuple(sorted(found))
