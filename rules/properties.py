"""What a shape's path may walk: the fields of records, shortcuts, and properties derived here."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from ontology.axioms import INFERRED_PROPERTIES
from ontology.terms import NAMESPACE, FieldKind, field_kinds, local_name
from ontology.vocabulary import RECORDS, SHORTCUTS
from reasoning.inferences import ENTAILMENT
from reasoning.stated import classes_read

XSD = "http://www.w3.org/2001/XMLSchema#"
DATATYPES = {str: "string", int: "integer", bool: "boolean", date: "date", datetime: "dateTime"}


@dataclass(frozen=True, slots=True)
class Field:
    """A property that a record states of itself."""

    kind: FieldKind


@dataclass(frozen=True, slots=True)
class Link:
    """A property that the rows of a link class imply: `subject` of a row has `value`.

    Where `flag` is given, only rows count in which that boolean field equals `flag_value`.
    """

    link: str
    subject: str
    value: str
    flag: str = ""
    flag_value: bool = True


@dataclass(frozen=True, slots=True)
class Sum:
    """A record's integer fields added up, less those of `minus`; missing where one of them is."""

    fields: tuple[str, ...]
    minus: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Through:
    """A property read off another record: `value` of the one that `reference` refers to."""

    reference: str
    value: str


Walk = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """One condition on the records that a `Keyed` property leads to.

    The value of `field`, a path from the record, `equals`, `differs` from, is `notBefore` or is
    `notAfter` a value that one of the paths `of` leads to from the subject. What is not stated
    meets no condition, except that a record which leaves `field` empty meets one that is `open`.
    """

    field: Walk
    of: tuple[Walk, ...]
    word: str = "equals"
    open: bool = False


@dataclass(frozen=True, slots=True)
class Keyed:
    """A property that leads to all records of a class (its `space`) that meet every condition."""

    matches: tuple[Match, ...]


@dataclass(frozen=True, slots=True)
class Entailed:
    """A property that is inferred (`reasoning`) from what the records of some classes state."""

    reads: frozenset[str]


@dataclass(frozen=True, slots=True)
class Property:
    """A property of a class. `space` says what its values are: a class of records or a datatype.

    Datatypes are the local names string, integer, boolean, date and dateTime of XML Schema.
    """

    subject: str
    name: str
    space: str
    source: Field | Link | Sum | Through | Keyed | Entailed

    @property
    def iri(self) -> str:
        """The property in the vocabulary's namespace."""
        return NAMESPACE + self.name


_BUCKETS = ("on_hand_units", "allocated_units", "reserved_units", "on_hold_units",
            "in_transit_units")  # fmt: skip
# Core SHACL cannot add, go back along a link, look at a flag, compare what two paths lead to or
# find a record by several fields; these few views can, so that rules stay core SHACL; `graph_of`
# writes them as triples, too.
_DERIVED = (
    Property("StockPosition", "bucketSumUnits", "integer", Sum(_BUCKETS)),
    Property("Calendar", "closedOn", "date",
             Link("CalendarException", "calendar", "on", "is_open", flag_value=False)),
    Property("Calendar", "openOn", "date", Link("CalendarException", "calendar", "on", "is_open")),
    Property("Movement", "handlingClass", "string", Through("item", "handlingClass")),
    Property("Movement", "confidentialityClass", "string",
             Through("item", "confidentialityClass")),
    Property("Movement", "destinationZone", "string", Through("destination", "residencyZone")),
    Property("Item", "packUnit", "string", Link("UnitConversion", "item", "unit")),
    Property("Item", "offeredBy", "Supplier", Link("Offer", "item", "supplier")),
    Property("Contract", "openUnits", "integer", Sum(("committed_units",), ("ordered_units",))),
    Property("Movement", "residencyPermission", "ResidencyPermission", Keyed((
        Match(("originZone",), (("origin", "residencyZone"),), open=True),
        Match(("destinationZone",), (("destination", "residencyZone"),), open=True),
        Match(("family",), (("item", "family"),), open=True),
    ))),
    Property("Movement", "tradeRestriction", "TradeRestriction", Keyed((
        Match(("originCountry",), (("origin", "country"), ("supplier", "country")), open=True),
        Match(("destinationCountry",), (("destination", "country"), ("customer", "country")),
              open=True),
        Match(("customsClass",), (("item", "customsClass"),), open=True),
    ))),
    Property("Movement", "competingOffer", "Offer", Keyed((
        Match(("item",), (("item",),)),
        Match(("supplier",), (("supplier",),), "differs"),
        Match(("contract", "startsOn"), (("departsOn",),), "notAfter", open=True),
        Match(("contract", "endsOn"), (("departsOn",),), "notBefore", open=True),
    ))),
    Property("Movement", "substitute", "Substitute", Keyed((
        Match(("item",), (("replaces",),)), Match(("replacement",), (("item",),)),
    ))),
    Property("Movement", "demandForecast", "DemandForecast", Keyed((
        Match(("item",), (("item",),)), Match(("location",), (("destination",),)),
    ))),
)  # fmt: skip


@cache
def properties_of(name: str) -> dict[str, Property]:
    """The properties that instances of a class can have, by local name."""
    kinds = field_kinds(RECORDS[name]).values()
    own = [Property(name, local_name(kind.name), _space(kind), Field(kind)) for kind in kinds]
    implied = [p for p in (*_shortcuts(), *_DERIVED, *_inferred()) if p.subject == name]
    return {p.name: p for p in (*own, *implied)}


@cache
def key_field(name: str) -> str:
    """The single key field of a class that others refer to, or empty for a composite key."""
    key = RECORDS[name].KEY
    return str(key[0]) if len(key) == 1 else ""


def is_single(step: Property) -> bool:
    """Whether a node has at most one value of a property."""
    if isinstance(step.source, Field):
        return not step.source.kind.many
    return not isinstance(step.source, Link | Keyed | Entailed)


def decisive(step: Property) -> frozenset[Property] | None:
    """Single-valued properties that decide all values of `step`; None where its subject does."""
    if is_single(step):
        return frozenset({step})
    if not isinstance(step.source, Keyed):
        return None
    known = properties_of(step.subject)
    first = {known[walk[0]] for match in step.source.matches for walk in match.of}
    return frozenset(first) if all(map(is_single, first)) else None


def is_class(space: str) -> bool:
    """Whether a space holds records rather than literals."""
    return space in RECORDS


def _space(kind: FieldKind) -> str:
    return kind.refers_to or DATATYPES[kind.scalar]


def _inferred() -> list[Property]:
    return [
        Property(ends.subject, name, ends.object, Entailed(classes_read({name}, ENTAILMENT)))
        for name, ends in INFERRED_PROPERTIES.items()
    ]


def _shortcuts() -> list[Property]:
    found = []
    for name, shortcut in SHORTCUTS.items():
        kinds = field_kinds(RECORDS[shortcut.link])
        subject, value = kinds[shortcut.subject], kinds[shortcut.object]
        link = Link(shortcut.link, shortcut.subject, shortcut.object)
        found.append(Property(subject.refers_to, name, _space(value), link))
    return found
