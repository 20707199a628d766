"""The rules in force and what they say; a plan beside others; a decision made again."""

from dataclasses import asdict
from functools import partial

import strawberry
from strawberry.scalars import JSON

from api.graphql.bigint import BigInt
from api.graphql.described import described
from api.graphql.loaders import Info
from api.graphql.plans import Plan, plan_by_digest
from api.graphql.releases import READ
from api.graphql.wishes import PlanEdit
from ontology.errors import InputError
from rules.knobs import Knob
from rules.release import Release
from service.audit.replay import Replayed, replay
from service.compare import Comparison, Method, OrdersMethod, compare
from service.decision import PlanRequest
from service.edits import EditPrice, prices_of_edits
from service.governing.releases_seen import ReleasesSeen
from service.house import House, artifacts_folder
from service.planning import draft_plan
from service.recalled import inputs_of
from service.verify import verify


@strawberry.type(description="A rule of a policy release.")
class PolicyRule:
    """`shape` is the text of the file that states it; what it did, `Plan.ruleResults` tells."""

    rule: str
    title: str
    file: str


@strawberry.type(description="A number or a text of a policy release, and what it means.")
class PolicyKnob:
    """`value` and `default` are whole numbers as text, or texts; `unit` is that of the number.

    It may be `least` to `most`, null where there is no such end; `range` says so in words. Of a
    release from before knobs were defined `title`, `unit`, `default` and `range` are null.
    """

    name: str
    value: str
    title: str | None
    unit: str | None
    default: str | None
    least: BigInt | None
    most: BigInt | None
    range: str | None

    @staticmethod
    def of(name: str, value: int | str, knob: Knob | None) -> "PolicyKnob":
        """A knob of a release as it is shown."""
        if knob is None:
            return PolicyKnob(name=name, value=str(value), title=None, unit=None, default=None,
                              least=None, most=None, range=None)  # fmt: skip
        return PolicyKnob(
            name=name, value=str(value), title=knob.title, unit=knob.unit,
            default=str(knob.default), least=_whole(knob.least), most=_whole(knob.most),
            range=knob.range,
        )  # fmt: skip


@strawberry.type(description="A file of SHACL shapes, as it was signed.")
class ShapesFile:
    """Turtle."""

    name: str
    text: str


@strawberry.type(description="A policy release: shapes and knobs in force together.")
class PolicyRelease:
    """Immutable, known by its digest."""

    found: strawberry.Private[Release]
    digest: str
    name: str
    version: str

    @described
    def rules(self) -> list[PolicyRule]:
        """Its rules, by IRI."""
        return [PolicyRule(rule=rule.iri, title=rule.title, file=rule.file)
                for rule in self.found.rules]  # fmt: skip

    @described
    def knobs(self) -> list[PolicyKnob]:
        """Its knobs, by name; those of the whole where releases of parts govern beside it."""
        known = self.found.definitions
        return [PolicyKnob.of(name, value, known.get(name))
                for name, value in self.found.knobs.items()]  # fmt: skip

    @described
    def shapes(self, files: list[str] | None = None) -> list[ShapesFile]:
        """Its files of shapes; all, or some by name."""
        return [ShapesFile(name=name, text=text) for name, text in self.found.shapes.items()
                if files is None or name in files]  # fmt: skip


@strawberry.type(description="One way to act, and what it is expected to come to.")
class MethodCompared:
    """`figures` are those of `evenkeel compare --json`: whole numbers, by name."""

    name: str
    cost_cents: BigInt
    figures: JSON


@strawberry.type(description="The plan beside doing nothing and beside tuned rules of thumb.")
class PlanComparison:
    """A plan made for this and not saved. `best` name the methods of least cost.

    `savedCents` is against `bestRival`; both are null for firm orders.
    """

    chain: str
    regime: str
    starts_on: str
    currency: str
    label: str
    methods: list[MethodCompared]
    bound_cents: BigInt | None
    best: list[str]
    best_rival: str | None
    saved_cents: BigInt | None

    @staticmethod
    def of(found: Comparison) -> "PlanComparison":
        """The comparison of the service."""
        return PlanComparison(
            chain=found.chain, regime=found.regime, starts_on=found.starts_on,
            currency=found.currency, label=found.label, best=list(found.best),
            best_rival=found.best_rival, bound_cents=_whole(found.bound_cents),
            saved_cents=_whole(found.saved_cents),
            methods=[MethodCompared(name=one.name, cost_cents=BigInt(one.cost_cents),
                                    figures=_figures(one)) for one in found.methods],
        )  # fmt: skip


@strawberry.type(description="What came of making a decision again.")
class PlanReplayed:
    """`status` is `the same bytes`, `differs` or `not made`; `first` is where it parts."""

    plan: str
    status: str
    digest: str
    first_place: str | None
    first_stated: str | None
    first_made: str | None
    reasons: list[str]
    notes: list[str]

    @staticmethod
    def of(found: Replayed) -> "PlanReplayed":
        """The account of the service."""
        first = found.first
        return PlanReplayed(
            plan=found.plan, status=found.status, digest=found.digest,
            first_place=first.place if first else None, reasons=list(found.reasons),
            first_stated=first.stated if first else None, notes=list(found.notes),
            first_made=first.made if first else None,
        )  # fmt: skip


@strawberry.type(description="What a wish costs: the plan with all wishes beside that without it.")
class WishPrice:
    """In 1/`costScale` of a cent; below zero where it saves."""

    edit: PlanEdit
    difference_scaled: BigInt
    cost_scale: BigInt

    @staticmethod
    def of(found: EditPrice, cost_scale: int) -> "WishPrice":
        """The price of the service."""
        return WishPrice(edit=PlanEdit.of(asdict(found.edit)), cost_scale=BigInt(cost_scale),
                         difference_scaled=BigInt(found.difference_scaled))  # fmt: skip


@strawberry.type(description="One of the checks of a plan, and what it refuses.")
class PlanCheck:
    """`status` is the word that `evenkeel verify` says."""

    name: str
    status: str
    refusals: list[str]
    notes: list[str]


@strawberry.type(description="Whether a saved plan holds: arithmetic, seal, derivation.")
class PlanVerdict:
    """Found without any solver."""

    accepted: bool
    checks: list[PlanCheck]


@strawberry.type
class GovernanceQueries:
    """Rules, comparisons and replays."""

    @described
    async def release(self, info: Info, chain: str = "") -> PolicyRelease:
        """The policy release in force, on a chain or on all others: rules, knobs and shapes.

        Rules of some regions or families, where you see all of them.
        """
        seen = ReleasesSeen(info.context.sight, READ)
        found = await info.context.read(seen.governing, info.context.house, chain)
        info.context.count(len(found.rules))
        return PolicyRelease(found=found, digest=found.digest, name=found.name,
                             version=found.version)  # fmt: skip

    @described
    async def comparison(self, info: Info, chain: str) -> PlanComparison:
        """What a plan is worth on a chain's present facts: beside what else one would do."""
        request = PlanRequest(chain)
        found = await info.context.plan(compare, info.context.house, request)
        info.context.count(len(found.methods))
        return PlanComparison.of(found)

    @described
    async def replay(self, info: Info, plan: str) -> PlanReplayed:
        """A saved decision made again, with the solver, from what it names."""
        house, entry = info.context.house, await _known(info, plan)
        document = await info.context.read(house.store.get_document, entry.entry.artifact)
        return PlanReplayed.of(await info.context.plan(replay, house.store, document))

    @described
    async def verify_plan(self, info: Info, plan: str) -> PlanVerdict:
        """A saved plan checked without a solver. Who trusts nobody takes a bundle home."""
        house, entry = info.context.house, await _known(info, plan)
        document = await info.context.read(house.store.get_document, entry.entry.artifact)
        found = await info.context.work_out(
            partial(verify, document, artifacts=artifacts_folder(house.settings))
        )
        return PlanVerdict(accepted=found.accepted, checks=[
            PlanCheck(name=one.name, status=one.status, refusals=list(one.refusals),
                      notes=list(one.notes)) for one in found.checks
        ])  # fmt: skip

    @described
    async def edit_prices(self, info: Info, plan: str) -> list[WishPrice]:
        """What each wish of a plan costs: one plan is made without each, on the same facts."""
        house, entry = info.context.house, await _known(info, plan)
        found, scale = await info.context.plan(_priced, house, entry.entry.artifact)
        info.context.count(len(found))
        return [WishPrice.of(one, scale) for one in found]


async def _known(info: Info, digest: str) -> Plan:
    plan = await plan_by_digest(info, digest)
    if plan is None:
        raise InputError(f"there is no plan `{digest[:100]}`", code="PLAN_UNKNOWN",
                         hint="give the whole digest")  # fmt: skip
    return plan


def _priced(house: House, artifact: str) -> tuple[list[EditPrice], int]:
    snapshot, release, request = inputs_of(house.store, house.store.get_document(artifact))
    draft = draft_plan(snapshot, release, request)
    prices, _ = prices_of_edits(draft, snapshot, release, request)
    return prices, draft.problem.network.cost_scale


def _figures(method: Method | OrdersMethod) -> JSON:
    return JSON({name: value for name, value in asdict(method).items() if name != "name"})


def _whole(number: int | None) -> BigInt | None:
    return None if number is None else BigInt(number)
