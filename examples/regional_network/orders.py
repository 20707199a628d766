"""What is bought, ordered to move, and under way when the first day begins."""

from datetime import date, timedelta

from examples.regional_network.families import DELAYED, FAMILIES, PROMOTED
from examples.regional_network.geography import CITIES
from examples.regional_network.goods import Goods, is_protected, one_in
from examples.regional_network.holdings import Holdings
from examples.regional_network.lanes import Way, ways
from examples.regional_network.places import HUBS
from examples.regional_network.selling import Selling
from examples.regional_network.sizes import FIRST_DAY, LAST_DAY, Size
from examples.regional_network.suppliers import LATE, Deal, Sources, lead_time_days
from ontology.demand import PurchaseOrder, TransferOrder
from ontology.transport import Lane, Shipment

LATE_ORDERED_ON, LATE_DUE_ON = date(2026, 1, 26), date(2026, 3, 13)
LAST_FRIDAY = date(2026, 2, 27)
Ends = tuple[int, int]


def purchase_orders(
    size: Size, stock: Goods, sold: Selling, known: Sources, agreed: list[Deal]
) -> list[PurchaseOrder]:
    """Open orders: four deals in ten of approved suppliers; all of the late one for the south."""
    draws = size.draws("purchases")
    found: list[PurchaseOrder] = []
    for deal in agreed:
        late = deal.supplier == LATE and deal.place == HUBS["south"]
        if deal.supplier == known.not_approved or not (late or draws.random() < 0.4):
            continue
        lead = lead_time_days(deal)
        ordered_on = FIRST_DAY - timedelta(days=int(draws.integers(1, lead + 1)))
        need = dict([*sold.by_item[deal.item], *sold.hubs[deal.item]])[deal.place]
        case = stock.family_of(deal.item).case
        cases = max(1, round(need * (18 if late else 7) / case))
        found.append(PurchaseOrder(
            id=f"PO-{len(found) + 1:05d}", supplier=known.suppliers[deal.supplier].id,
            item=stock.ids[deal.item], location=CITIES[deal.place].id,
            quantity_units=cases * case, ordered_on=LATE_ORDERED_ON if late else ordered_on,
            due_on=LATE_DUE_ON if late else ordered_on + timedelta(days=lead),
        ))  # fmt: skip
    return found


def shipments(
    size: Size, stock: Goods, sold: Selling, lanes: list[Lane], held: Holdings
) -> list[Shipment]:
    """What left the hubs on Friday, and stood still at the weekend; it is booked as in transit."""
    draws = size.draws("shipments")
    roads = _roads(lanes)
    found: list[Shipment] = []
    for number in one_in(5, size.items):
        ends = [(HUBS[CITIES[place].region], place, daily) for place, daily in sold.by_item[number]]
        origin, place, daily = ends[int(draws.integers(0, len(ends)))]
        lane = roads[origin, place]
        units = max(1, round(daily * 3))
        lot = held.lots_of[number][0]
        if not _may_be_sent(number, place):
            continue
        held.shelf(number, place, lot).in_transit += units
        found.append(Shipment(
            id=f"SH-{len(found) + 1:05d}", item=stock.ids[number],
            destination=CITIES[place].id, quantity_units=units,
            arrives_on=FIRST_DAY + timedelta(days=lane.lead_time_days - 1),
            origin=CITIES[origin].id, lane=lane.id, lot=lot, shipped_on=LAST_FRIDAY,
        ))  # fmt: skip
    return found


def _may_be_sent(number: int, place: int) -> bool:
    """Nothing of what the south waits for can be under way there, and nothing protected is."""
    waits = number % len(FAMILIES) in DELAYED and CITIES[place].region == "south"
    return not waits and not is_protected(number)


def _roads(lanes: list[Lane]) -> dict[Ends, Lane]:
    """The road by its two ends."""
    named: dict[tuple[int, int, str], Way] = {
        (way.origin, way.destination, way.mode): way for way in ways()
    }
    rows = zip(named, lanes, strict=True)
    return {key[:2]: lane for key, lane in rows if lane.mode == "road"}


def transfer_orders(size: Size, stock: Goods, sold: Selling, held: Holdings) -> list[TransferOrder]:
    """Moves that planners have begun: out of the overstocked hub in the north, to other hubs.

    Their units are allocated where they still stand.
    """
    north = HUBS["north"]
    found: list[TransferOrder] = []
    for number in one_in(2, size.items):
        hubs = [hub for hub, _ in sold.hubs[number]]
        others = [hub for hub in hubs if hub != north]
        if number % len(FAMILIES) not in PROMOTED or north not in hubs or not others:
            continue
        shelf = held.shelves.get((number, north, held.lots_of[number][0]))
        units = shelf.on_hand // 8 if shelf else 0
        if shelf is None or not units:
            continue
        shelf.on_hand -= units
        shelf.allocated += units
        found.append(TransferOrder(
            id=f"TO-{len(found) + 1:05d}", item=stock.ids[number], origin=CITIES[north].id,
            destination=CITIES[others[0]].id, quantity_units=units, ordered_on=LAST_DAY,
            due_on=FIRST_DAY + timedelta(days=3),
        ))  # fmt: skip
    return found
