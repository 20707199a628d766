"""What the approval matrix looks at, and who had a hand in a plan: read from sealed documents."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from governance.matrix import FILE, Features, Matrix, default_matrix, matrix_of
from graph.plans import check_seal
from ontology.columns import MISSING, Snapshot, Table
from ontology.errors import InputError
from ontology.pseudonyms import MACHINES
from ontology.terms import join_key
from rules.release import Release
from service.decision import ask
from service.governing.plan_places import placed_in
from service.house import SERVICE_AGENT, House
from service.recalled import inputs_of

Document = Mapping[str, Any]
MOST_ANCESTORS = 100
"""So many plans that a plan was made on, one on the other, are looked at for their makers."""
MILLION = 10**6


@dataclass(frozen=True, slots=True)
class Hands:
    """Who made a plan and those that it was made on: the named, and whether one is not named.

    Who is not named is whoever holds this machine: one person of whom nothing is known.
    """

    maker: str
    named: frozenset[str]
    unnamed: int


def plan_document(house: House, plan: str) -> dict[str, Any]:
    """The sealed document of a saved plan by its digest, its seal checked.

    Raises InputError `PLAN_UNKNOWN`, `PLAN_SEAL`, and what reading an artifact raises.
    """
    found = house.catalog.plans_by_digest([plan]).get(plan)
    if found is None:
        raise InputError(f"there is no plan `{plan[:64]}`", code="PLAN_UNKNOWN",
                         hint="give the whole digest")  # fmt: skip
    document: dict[str, Any] = house.store.get_document(found.artifact)
    check_seal(document)  # INVARIANT: what was edited after it was sealed is not that plan
    return document


def hands_in(house: House, document: Document) -> Hands:
    """The makers of a plan and of all plans that it was made on, by whatever login."""
    makers = [str(each["about"]["agent"]) for each in made_on(house, document)]
    named = frozenset(maker for maker in makers if maker not in MACHINES)
    hidden = any(maker in MACHINES and maker != SERVICE_AGENT for maker in makers)
    return Hands(makers[0], named, int(hidden))


def matrix_under(release: Release) -> Matrix:
    """The approval matrix of a release, the shipped one where it brings none.

    Raises InputError `MATRIX_INVALID`: what cannot be read lets nothing through.
    """
    text = release.policies.get(FILE)
    return default_matrix() if text is None else matrix_of(text)


def features_of(house: House, document: Document, now: Snapshot) -> Features:
    """What the matrix looks at, from the plan's own facts in its own currency.

    Where its lines lie and what they move is what these facts say or those of `now`: a hub that
    belongs to another region meanwhile lies in both, an item of another class is of both.
    """
    decision = document["decision"]
    facts = ask(*inputs_of(house.store, document)).facts
    lines = decision["lines"]
    proof, scale = decision["certificate"], decision["network"]["cost_scale"]
    items = {str(line["item"]) for line in lines}
    placed = placed_in(facts, decision).beside(placed_in(now, decision))
    return Features(
        cost_cents=-(-int(proof["cost"]) // int(scale)),
        goods_cents=_goods_cents(facts, lines),
        gap_per_million=per_million(proof["gap"], proof["cost"]),
        attention=sum(bool(line.get("attention")) for line in lines),
        handling=_either(*(_texts(each.table("Item"), items, "handling_class")
                           for each in (facts, now))),
        places=placed.places,
        families=placed.families,
        suppliers=tuple(sorted({line["supplier"] for line in lines if line.get("supplier")})),
        ways=tuple(sorted({_way(line) for line in lines})),
    )  # fmt: skip


def per_million(gap: int, cost: int) -> int:
    """A gap beside a cost, in millionths, rounded up."""
    return -(-int(gap) * MILLION // max(1, abs(int(cost))))


def made_on(house: House, document: Document) -> Iterator[Document]:
    """A plan, and each one before it that it was made on."""
    for _ in range(MOST_ANCESTORS):
        yield document
        before = document["decision"]["previous"]
        if before is None:
            return
        document = plan_document(house, before)


def _goods_cents(facts: Snapshot, lines: Iterable[Document]) -> int | None:
    """The value of what moves; None where an item has none stated."""
    items, total = facts.table("Item"), 0
    for line in lines:
        row = items.row_of.get(join_key((str(line["item"]),)))
        if row is None or int(items["value_cents"][row]) == MISSING:
            return None
        total += int(items["value_cents"][row]) * int(line["quantity_units"])
    return total


def _either(
    then: tuple[str, ...] | None, now: tuple[str, ...] | None
) -> tuple[str, ...] | None:  # fmt: skip
    """What either says; None where one of them does not know."""
    return None if then is None or now is None else tuple(sorted({*then, *now}))


def _texts(items: Table, wanted: set[str], name: str) -> tuple[str, ...] | None:
    """What items state as a text, each once; None where one of them is not known."""
    found = dict(zip(items["id"].tolist(), items[name].tolist(), strict=True))
    if not wanted <= found.keys():
        return None
    return tuple(sorted({str(found[item]) for item in wanted if found[item]}))


def _way(line: Document) -> str:
    """The lane of a transfer, or who sends what where."""
    if line.get("lane"):
        return f"lane {line['lane']}"
    if line.get("supplier"):
        return f"supplier {line['supplier']} to {line['destination']}"
    if line.get("order"):
        return f"carrier {line.get('carrier') or 'none'} from {line['origin']}"
    return f"substitution at {line.get('origin')}"
