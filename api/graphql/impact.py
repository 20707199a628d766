"""What depends on a failure, as GraphQL types: affected pairs, ways left, single points."""

from collections.abc import Sequence
from datetime import date
from enum import Enum
from typing import Any

import strawberry

from api.graphql.bigint import BigInt
from api.graphql.connections import After, Connection, First, check_first, connection
from api.graphql.described import described
from api.graphql.loaders import Info
from api.graphql.types import Fact, as_type
from graph.facts import uri_of
from ontology.columns import Snapshot
from ontology.failures import Subject
from service.impact.failure import AffectedPair as Pair
from service.impact.failure import ImpactReport, pair_order
from service.impact.failure import impact as impact_of
from service.impact.route_costs import Route
from service.impact.single_points import CriticalFailure as Critical
from service.impact.single_points import CriticalFailures, single_points

MOST_ROUTES = 10


@strawberry.enum(description="What may go down.")
class SubjectKind(Enum):
    """The kinds of subjects."""

    SUPPLIER = "supplier"
    CONTRACT = "contract"
    LANE = "lane"
    LOCATION = "location"
    REGION = "region"


@strawberry.input(description="Something that goes down, a location or region with its parts.")
class Failure:
    """A kind, and the identifier or the region's name."""

    kind: SubjectKind
    key: str


@strawberry.type(description="A way of an item to a place that is left.")
class SupplyRoute:
    """From a supplier, or made at the first place. Costs are per unit; days are lead times."""

    supplier: str | None
    places: list[str]
    lanes: list[str]
    cost_micros: BigInt
    lead_time_days: BigInt
    derived_from: list[str]

    @staticmethod
    def of(route: Route, chain: str) -> "SupplyRoute":
        """The route with the URIs of its facts."""
        return SupplyRoute(
            supplier=route.supplier or None, places=list(route.places), lanes=list(route.lanes),
            cost_micros=BigInt(route.cost_micros), lead_time_days=BigInt(route.lead_time_days),
            derived_from=[f"{chain}/{name}" for name in route.facts],
        )  # fmt: skip


@strawberry.type(description="An item at a location that loses a source, its best way, or stock.")
class AffectedPair:
    """Mirrors `AffectedPair` of the service; no `daysUntilShort` where stock bridges the wait."""

    pair: strawberry.Private[Pair]
    report: strawberry.Private[ImpactReport]
    chain: strawberry.Private[str]
    item_id: str
    location_id: str
    state: str
    mean_per_day_millionths: BigInt
    demand_basis: str
    value_per_day_micros: BigInt
    days_until_short: BigInt | None
    stock_units: BigInt
    arriving_units: BigInt
    upstream_units: BigInt
    sources_lost: BigInt
    sources_left: BigInt
    extra_cost_micros: BigInt | None
    extra_days: BigInt | None

    @described
    async def routes(self, info: Info, first: First = 3) -> list[SupplyRoute]:
        """The cheapest ways that are left, at most 10."""
        most = min(check_first(first), MOST_ROUTES)
        info.context.count(most)
        pair = self.pair
        found = await info.context.read(self.report.routes, pair.item, pair.location, most)
        return [SupplyRoute.of(route, self.chain) for route in found]

    @described
    async def derived_from(self, info: Info) -> list[Fact]:
        """The facts in force that it rests on: lost sources, demand, stock, arrivals."""
        class_and_key = (name.partition("/") for name in self.pair.because)
        uris = [uri_of(self.chain, name, key) for name, _, key in class_and_key]
        found = await info.context.facts.load_many(uris)
        return [as_type(stated) for stated in found if stated is not None]

    @staticmethod
    def of(pair: Pair, report: ImpactReport, chain: str) -> "AffectedPair":
        """The pair of a report."""
        told: dict[str, Any] = {
            name: getattr(pair, name) for name in (
                "state", "mean_per_day_millionths", "demand_basis", "value_per_day_micros",
                "days_until_short", "stock_units", "arriving_units", "upstream_units",
                "sources_lost", "sources_left", "extra_cost_micros", "extra_days",
            )
        }  # fmt: skip
        return AffectedPair(pair=pair, report=report, chain=chain, item_id=pair.item,
                            location_id=pair.location, **told)  # fmt: skip


@strawberry.type(description="All affected pairs of one state.")
class ImpactTotal:
    """How many, what is asked for there per day, and the first shortfall."""

    state: str
    pairs: BigInt
    items: BigInt
    locations: BigInt
    per_day_millionths: BigInt
    value_per_day_micros: BigInt
    days_until_short: BigInt | None


@strawberry.type(description="What may stand in for an item without any source.")
class Replacement:
    """`approvedBy` is null where nobody has approved it."""

    item_id: str
    location_id: str
    replacement_id: str
    numerator: BigInt
    denominator: BigInt
    approved_by: str | None
    stock_units: BigInt
    has_source: bool
    uri: str


@strawberry.type(description="What happens when all the failures come at once.")
class Impact:
    """Rules are not asked and capacities not judged; amounts are micros of `currency`."""

    report: strawberry.Private[ImpactReport]
    chain: strawberry.Private[str]
    failures: list[str]
    starts_on: date
    currency: str
    items_without_value: BigInt

    @described
    def totals(self) -> list[ImpactTotal]:
        """Cut off, weakened, still served."""
        return [_mirror(ImpactTotal, total) for total in self.report.totals]

    @described
    def affected(
        self, info: Info, first: First = 50, after: After = None
    ) -> Connection[AffectedPair]:
        """Worst state first, then soonest short, then most value per day."""
        scope = f"impact/{self.chain}/{self.starts_on}/{'+'.join(self.failures)}"
        begin = tuple(info.context.cursors.read(scope, after)) if after else ()
        rows = [pair for pair in self.report.affected if pair_order(pair) > begin]
        page = rows[: check_first(first)]
        info.context.count(len(page))
        return connection(
            [AffectedPair.of(pair, self.report, self.chain) for pair in page],
            len(rows) > len(page), scope, info.context.cursors, lambda row: pair_order(page[row]),
        )  # fmt: skip

    @described
    def substitutes(self, info: Info, first: First = 50) -> list[Replacement]:
        """For pairs without any source, the approved ones of each first."""
        found = self.report.substitutes[: check_first(first)]
        info.context.count(len(found))
        return [
            Replacement(
                item_id=offer.item, location_id=offer.location, replacement_id=offer.replacement,
                numerator=BigInt(offer.numerator), denominator=BigInt(offer.denominator),
                approved_by=offer.approved_by, stock_units=BigInt(offer.stock_units),
                has_source=offer.has_source, uri=f"{self.chain}/{offer.fact}",
            )
            for offer in found
        ]  # fmt: skip


@strawberry.type(description="A failure that leaves demand without any source.")
class SinglePoint:
    """Of a location or region only demand elsewhere counts."""

    subject: str
    pairs: BigInt
    items: BigInt
    locations: BigInt
    per_day_millionths: BigInt
    value_per_day_micros: BigInt
    days_until_short: BigInt


async def impact_page(
    info: Info, chain: str, failures: Sequence[Failure], starts_on: date | None
) -> Impact:
    """The report on a chain's present facts."""
    subjects = [Subject(failure.kind.value, failure.key) for failure in failures]

    def ask(snapshot: Snapshot) -> ImpactReport:
        return impact_of(snapshot, subjects, starts_on)

    report = await info.context.work_out(lambda: ask(info.context.house.facts(chain)))
    return Impact(
        report=report, chain=chain, failures=[str(subject) for subject in report.failures],
        starts_on=report.starts_on, currency=report.currency,
        items_without_value=BigInt(report.items_without_value),
    )  # fmt: skip


async def single_points_page(
    info: Info, chain: str, starts_on: date | None, first: int, after: str | None
) -> Connection[SinglePoint]:
    """The single points of failure on a chain's present facts, most value per day first."""
    scope = f"single-points/{chain}/{starts_on}"
    begin = tuple(info.context.cursors.read(scope, after)) if after else None

    def ask() -> CriticalFailures:
        return single_points(info.context.house.facts(chain), starts_on)

    found = await info.context.work_out(ask)
    rows = [row for row in found.found if begin is None or _rank(row) > begin]
    page = rows[: check_first(first)]
    info.context.count(len(page))
    return connection(
        [_mirror(SinglePoint, row, subject=str(row.subjects[0])) for row in page],
        len(rows) > len(page), scope, info.context.cursors, lambda row: _rank(page[row]),
    )  # fmt: skip


def _rank(row: Critical) -> tuple[int, int, str]:
    return -row.value_per_day_micros, -row.per_day_millionths, str(row.subjects[0])


def _mirror(kind: Any, row: Any, **more: Any) -> Any:
    """A GraphQL object with the fields of the same names."""
    names = set(kind.__dataclass_fields__) - set(more)
    return kind(**{name: getattr(row, name) for name in names}, **more)
