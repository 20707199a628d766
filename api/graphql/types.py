"""Facts as GraphQL types: each mirrors its record, with references that can be followed."""

from collections.abc import Callable
from dataclasses import fields
from datetime import date
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, Self

import strawberry
from strawberry.scalars import JSON

from api.graphql.bigint import BigInt
from api.graphql.connections import After, Connection, First, check_first, connection
from api.graphql.described import described
from api.graphql.loaders import Info
from api.graphql.persons_told import with_names
from graph.catalog import Page
from graph.facts import StatedFact, uri_of
from ontology.errors import AccessError
from ontology.terms import join_key
from service.moment import Moment

_RECORD_FIELDS = {"reason_sealed": "reason"}
"""Where a type's field has neither the name of the record's, nor that of its reference."""


@strawberry.interface(description="Whatever has an id that `node` finds again.")
class Node:
    """Found again by its id: a fact's is its URI."""

    id: strawberry.ID


@strawberry.type(description="Rows of a file, from the first to the last of them.")
class FileRows:
    """Mirrors graph.observed.SourceRows."""

    event_sequence: BigInt
    file: str
    count: BigInt
    first_row: BigInt
    last_row: BigInt


@strawberry.type(description="Where a fact was stated.")
class FactSource:
    """The address of a fact's version, and the row of the file that stated it."""

    stated: strawberry.Private[StatedFact]
    event_sequence: BigInt
    event_row: BigInt
    file: str
    row: BigInt

    @described
    async def rows(self, info: Info) -> list[FileRows]:
        """The rows of files that it leads back to: of a forecast, those that it learnt from."""
        behind = await info.context.read(info.context.observed.rows_behind, self.stated)
        if behind is None:
            return (
                [
                    FileRows(
                        event_sequence=self.event_sequence,
                        file=self.file,
                        count=BigInt(1),
                        first_row=self.row,
                        last_row=self.row,
                    )
                ]
                if self.file
                else []
            )
        return [
            FileRows(event_sequence=BigInt(rows.event.sequence), file=rows.file,
                     count=BigInt(rows.count), first_row=BigInt(rows.first),
                     last_row=BigInt(rows.last))
            for rows in behind
        ]  # fmt: skip


@strawberry.interface(description="A statement of a source about the world, in one version.")
class Fact(Node):
    """A fact in one version, known by its URI: chain, class and natural key."""

    stated: strawberry.Private[StatedFact]
    moment: strawberry.Private[Moment | None]
    uri: str
    chain: str
    key: str

    @described
    def source(self) -> FactSource:
        """Where this version was stated."""
        it = self.stated
        return FactSource(
            stated=it, event_sequence=BigInt(it.event_sequence), event_row=BigInt(it.event_row),
            file=it.source_file, row=BigInt(it.source_row),
        )  # fmt: skip

    @classmethod
    def of(cls, stated: StatedFact, moment: Moment | None = None) -> Self:
        """The fact; a field `x_id` is the natural key in the record's reference `x`.

        What it refers to is of the same `moment`.
        """
        record = stated.record
        own: dict[str, Any] = {"id": stated.uri, "stated": stated, "uri": stated.uri,
                               "moment": moment, "chain": stated.chain,
                               "key": stated.key}  # fmt: skip
        return cls(**own, **mirrored(cls, record, tuple(own)))


def mirrored(kind: type, record: Any, besides: tuple[str, ...]) -> dict[str, Any]:
    """What a type is made with of a record that it mirrors, `besides` what is stated otherwise."""
    names, read = _mirror(kind, besides)
    return dict(zip(names, read(record), strict=False))


@cache
def _mirror(kind: Any, besides: tuple[str, ...]) -> tuple[tuple[str, ...], Callable[[Any], Any]]:
    names = tuple(one.name for one in fields(kind) if one.init and one.name not in besides)
    stated = [_RECORD_FIELDS.get(name, name.removesuffix("_id")) for name in names]
    return names, attrgetter(*stated, "__class__", "__class__")  # a tuple, also of no field


async def follow(
    info: Info, chain: str, class_name: str, key: str | None, moment: Moment | None = None
) -> Any:
    """The fact in force, now or at a moment, that a reference names; None where there is none."""
    if key is None:
        return None
    uri = uri_of(chain, class_name, join_key((key,)))
    return await found_fact(info, chain, uri, moment)


async def found_fact(info: Info, chain: str, uri: str, moment: Moment | None = None) -> Any:
    """The fact in force of a URI of a chain; None where there is none that the caller sees."""
    try:
        moment = moment or await info.context.present(chain)
    except AccessError:
        return None
    if moment is None:
        stated = await info.context.facts.load(uri)
    else:
        stated = await info.context.read(moment.by_uri, uri)
        info.context.count(1)
    return None if stated is None else as_type(stated, moment)


async def _referring(
    of: Fact, info: Info, class_name: str, field: str, first: int, after: str | None
) -> Any:
    moment = of.moment or await info.context.present(of.chain)
    scope = scope_of(f"{of.uri}/{class_name}/{field}", moment)
    begin = info.context.cursors.read(scope, after) if after else ""
    if moment is None:
        key = (of.uri, class_name, field, begin, check_first(first))
        page = await info.context.referring.load(key)
    else:
        page = await info.context.read(
            moment.referring, of.uri, class_name, field, after=begin, first=check_first(first)
        )
        info.context.count(len(page.rows))
    return facts_page(info, page, scope, moment, by_uri=True)


def scope_of(scope: str, moment: Moment | None) -> str:
    """The name of a list for its cursors: they hold for one moment."""
    return scope if moment is None else f"{scope}@{moment.as_of}"


def facts_page(
    info: Info, page: Page[StatedFact], scope: str, moment: Moment | None = None,
    by_uri: bool = False,
) -> Any:  # fmt: skip
    """A page of facts whose cursors are their keys, or their URIs."""
    rows = page.rows
    return connection(
        [as_type(row, moment) for row in rows], page.has_more, scope, info.context.cursors,
        lambda row: rows[row].uri if by_uri else rows[row].key,
    )  # fmt: skip


@strawberry.type(description="A good that is stocked.")
class Item(Fact):
    """Mirrors ontology.goods.Item."""

    name: str
    base_unit: str
    family: str
    handling_class: str
    hazard_class: str
    weight_micrograms: BigInt | None
    volume_cubic_millimetres: BigInt | None
    shelf_life_days: BigInt | None
    minimum_remaining_life_days: BigInt | None
    value_cents: BigInt | None
    currency: str

    @described
    async def stock(
        self, info: Info, first: First = 50, after: After = None
    ) -> Connection["StockPosition"]:
        """Its stock everywhere."""
        found: Connection[StockPosition] = await _referring(
            self, info, "StockPosition", "item", first, after
        )
        return found

    @described
    async def offers(
        self, info: Info, first: First = 50, after: After = None
    ) -> Connection["Offer"]:
        """Who sells it."""
        found: Connection[Offer] = await _referring(self, info, "Offer", "item", first, after)
        return found


@strawberry.type(description="A place that holds or serves stock, or a region of such places.")
class Location(Fact):
    """Mirrors ontology.places.Location."""

    name: str
    kind: str
    part_of_id: str | None
    region: str
    country: str
    time_zone: str
    latitude_microdegrees: BigInt | None
    longitude_microdegrees: BigInt | None
    calendar_id: str | None
    status: str
    storage_capacity_units: BigInt | None
    handling_capacity_units_per_day: BigInt | None

    @described
    async def part_of(
        self, info: Info
    ) -> Annotated["Location", strawberry.lazy("api.graphql.types")] | None:
        """The location that this one is part of."""
        found: Location | None = await follow(
            info, self.chain, "Location", self.part_of_id, self.moment
        )
        return found

    @described
    async def stock(
        self, info: Info, first: First = 50, after: After = None
    ) -> Connection["StockPosition"]:
        """Its stock."""
        found: Connection[StockPosition] = await _referring(
            self, info, "StockPosition", "location", first, after
        )
        return found

    @described
    async def lanes_out(
        self, info: Info, first: First = 50, after: After = None
    ) -> Connection["Lane"]:
        """The lanes that leave it."""
        found: Connection[Lane] = await _referring(self, info, "Lane", "origin", first, after)
        return found

    @described
    async def lanes_in(
        self, info: Info, first: First = 50, after: After = None
    ) -> Connection["Lane"]:
        """The lanes that reach it."""
        found: Connection[Lane] = await _referring(self, info, "Lane", "destination", first, after)
        return found


@strawberry.type(description="Sells items.")
class Supplier(Fact):
    """Mirrors ontology.partners.Supplier."""

    name: str
    tier: BigInt | None
    country: str
    reliability_percent: BigInt | None
    status: str

    @described
    async def offers(
        self, info: Info, first: First = 50, after: After = None
    ) -> Connection["Offer"]:
        """What it sells, where, at which price."""
        found: Connection[Offer] = await _referring(self, info, "Offer", "supplier", first, after)
        return found


@strawberry.type(description="A supplier sells an item to a location.")
class Offer(Fact):
    """Mirrors ontology.partners.Offer."""

    supplier_id: str
    item_id: str
    location_id: str
    price_micros: BigInt
    currency: str
    minimum_order_units: BigInt
    lot_multiple_units: BigInt
    lead_time_days: BigInt
    capacity_units: BigInt | None

    @described
    async def supplier(self, info: Info) -> Supplier | None:
        """Who sells."""
        found: Supplier | None = await follow(
            info, self.chain, "Supplier", self.supplier_id, self.moment
        )
        return found

    @described
    async def item(self, info: Info) -> Item | None:
        """What is sold."""
        found: Item | None = await follow(info, self.chain, "Item", self.item_id, self.moment)
        return found

    @described
    async def location(self, info: Info) -> Location | None:
        """Where it is delivered."""
        found: Location | None = await follow(
            info, self.chain, "Location", self.location_id, self.moment
        )
        return found


@strawberry.type(description="A way from one location to another by one mode.")
class Lane(Fact):
    """Mirrors ontology.transport.Lane."""

    origin_id: str
    destination_id: str
    mode: str
    carrier_id: str | None
    lead_time_days: BigInt
    cost_per_unit_micros: BigInt
    cost_per_kilogram_micros: BigInt
    cost_per_cubic_metre_micros: BigInt
    cost_per_shipment_cents: BigInt
    duty_percent: BigInt
    currency: str
    capacity_units_per_day: BigInt | None
    calendar_id: str | None
    allowed_handling_classes: list[str]
    status: str

    @described
    async def origin(self, info: Info) -> Location | None:
        """Where it begins."""
        found: Location | None = await follow(
            info, self.chain, "Location", self.origin_id, self.moment
        )
        return found

    @described
    async def destination(self, info: Info) -> Location | None:
        """Where it ends."""
        found: Location | None = await follow(
            info, self.chain, "Location", self.destination_id, self.moment
        )
        return found


@strawberry.type(description="Units of an item at a location, per lot, in disjoint buckets.")
class StockPosition(Fact):
    """Mirrors ontology.stock.StockPosition."""

    item_id: str
    location_id: str
    lot_id: str | None
    on_hand_units: BigInt
    allocated_units: BigInt
    reserved_units: BigInt
    on_hold_units: BigInt
    in_transit_units: BigInt
    total_units: BigInt
    unit: str
    counted_on: date | None

    @described
    async def item(self, info: Info) -> Item | None:
        """What lies there."""
        found: Item | None = await follow(info, self.chain, "Item", self.item_id, self.moment)
        return found

    @described
    async def location(self, info: Info) -> Location | None:
        """Where it lies."""
        found: Location | None = await follow(
            info, self.chain, "Location", self.location_id, self.moment
        )
        return found


@strawberry.type(description="A firm order of a customer.")
class SalesOrder(Fact):
    """Mirrors ontology.demand.SalesOrder."""

    item_id: str
    customer_id: str
    quantity_units: BigInt
    ordered_on: date
    destination_port_id: str | None
    destination_id: str | None
    weight_micrograms: BigInt | None
    service: str
    freight_payer: str
    due_on: date | None

    @described
    async def item(self, info: Info) -> Item | None:
        """What is ordered."""
        found: Item | None = await follow(info, self.chain, "Item", self.item_id, self.moment)
        return found


@strawberry.type(description="A fact of any other class, with its fields by name.")
class OtherFact(Fact):
    """A fact that has no type of its own here."""

    @described
    def class_name(self) -> str:
        """The class in the vocabulary."""
        return self.stated.class_name

    @described
    def fields(self, info: Info) -> JSON:
        """What the fact states, by field."""
        record = self.stated.record
        stated = plain({part.name: getattr(record, part.name) for part in fields(record)})
        return JSON(with_names(info, stated))


TYPES: dict[str, type[Fact]] = {
    kind.__name__: kind
    for kind in (Item, Location, Supplier, Offer, Lane, StockPosition, SalesOrder)
}


def as_type(stated: StatedFact, moment: Moment | None = None) -> Fact:
    """The GraphQL object of a fact."""
    return TYPES.get(stated.class_name, OtherFact).of(stated, moment)


def plain(value: Any) -> Any:
    """A value as JSON: dates as ISO texts, tuples as lists, anything else as its text."""
    if isinstance(value, dict):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return value.isoformat() if isinstance(value, date) else str(value)
