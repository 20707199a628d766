"""The commands about plans: plan, show, verify."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.output import GOOD, REFUSED, AsJson, console, hint, plain, print_document
from api.recall import (
    LATEST,
    currency_of,
    document_of,
    find_plan,
    only_chain,
)
from api.screen.plots import PlotFile, plot_file
from ontology.canonical import LARGEST_INTEGER
from ontology.errors import InputError

if TYPE_CHECKING:
    from api.screen.restated import Restated
    from graph.artifacts import ArtifactStore
    from service.house import House

Steadiness = tuple[str, int | None, int | None]
COST_PARTS = {"warehouse": "handling", "freight": "freight"}
Rows = Annotated[int, typer.Option("--rows", min=1, help="Rows of a table to print.")]
InPacks = Annotated[bool, typer.Option("--packs", help="Show units also in the item's packs.")]
InCurrency = Annotated[
    str, typer.Option("--currency", help="Show amounts in this currency, at a dated rate.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("plan")(plan)
    app.command("show")(show)
    app.command("verify")(verify)


BundleFolder = Annotated[
    Path | None, typer.Option("--bundle", help="Folder for the plan and all that proves it.")
]


def plan(
    chain: Annotated[str, typer.Option(help="The supply chain to plan.")] = "",
    example: Annotated[str, typer.Option(help="Load this example first: two_hubs.")] = "",
    cost: Annotated[
        str, typer.Option(help="What to minimise for orders: warehouse,freight.")
    ] = "warehouse,freight",
    starts_on: Annotated[str, typer.Option(help="First day, as 2026-03-02.")] = "",
    bundle: BundleFolder = None,
    rows: Rows = 20,
    *,
    steady: Annotated[
        str, typer.Option(help="Change little against this plan: its digest, or latest.")
    ] = "",
    most_lines: Annotated[
        int | None,
        typer.Option(
            min=0, max=LARGEST_INTEGER, help="With --steady: change at most so many lines."
        ),
    ] = None,
    most_units: Annotated[
        int | None,
        typer.Option(
            min=0, max=LARGEST_INTEGER, help="With --steady: change at most so many units."
        ),
    ] = None,
    packs: InPacks = False,
    currency: InCurrency = "",
    as_json: AsJson = False,
) -> int:
    """Make a certified plan on the present facts and save it; shortfalls are part of a plan."""
    from api.commands.server import opened
    from api.screen import drawing
    from service.plan_notices import notices_of_plan

    _refuse_restated_json(as_json=as_json, asked=bool(packs or currency))
    parts, first_day = _cost_parts(cost), _day(starts_on)
    if chain and example:
        raise InputError("give either --chain or --example", code="USAGE",
                         hint="an example fills a chain of its own")  # fmt: skip
    wish = _steadiness(steady, most_lines, most_units)
    with opened() as house:
        document = _planned(house, chain, example, parts, first_day, wish)
        if bundle is not None:
            _export(house.store, document, bundle)
        shown = _restated(house, document, packs=packs, currency=currency)
        notices = notices_of_plan(house, document)
    if as_json:
        print_document(document)
        return GOOD
    drawing.show_restated(console(), shown, rows)
    _tell(notices)
    digest = document["plan_digest"][:12]
    hint(f"explain a line with `evenkeel why 1 --plan {digest}`; ask for its approval with "
         f"`evenkeel approvals submit {digest}`")  # fmt: skip
    return GOOD


def _planned(
    house: "House", chain: str, example: str, parts: frozenset[str], first_day: date | None,
    wish: "Steadiness | None" = None,
) -> dict[str, Any]:  # fmt: skip
    from api.output import watched
    from service.decision import PlanRequest
    from service.examples import example_named, load_example
    from service.forecast import make_forecast
    from service.persons import acting
    from service.planning import make_plan
    from service.stability import steady_request

    with watched() as progress:
        if example:
            progress(f"loading {example}", 0, 0)
            synced = load_example(house, example)
            if synced.summary["records"].get("DemandObservation"):
                progress(f"forecasting {example}", 0, 0)
                make_forecast(house, example_named(example).chain, agent=acting(house))
        chosen = example_named(example).chain if example else chain or only_chain(house)
        progress(f"planning {chosen}", 0, 0)
        request = PlanRequest(chosen, parts, first_day, acting(house))
        if wish is not None:
            plan, *most = wish
            request = steady_request(
                house, request, document_of(house, find_plan(house, plan, chosen)), *most
            )
        return make_plan(house, request).document


def _steadiness(
    plan: str, most_lines: int | None, most_units: int | None
) -> "Steadiness | None":  # fmt: skip
    if plan:
        return plan, most_lines, most_units
    if most_lines is None and most_units is None:
        return None
    raise InputError("changes are counted against a plan", code="USAGE",
                     hint="name it with --steady, `latest` for the one made last")  # fmt: skip


def _cost_parts(text: str) -> frozenset[str]:
    parts = frozenset(part.strip() for part in text.split(","))
    if not parts <= set(COST_PARTS):
        raise InputError(f"`{text}` is no choice of costs", code="COST_PARTS",
                         hint="give warehouse, freight or warehouse,freight")  # fmt: skip
    return parts


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise InputError(f"`{text}` is no day", code="BAD_DATE",
                         hint="write it as 2026-03-02") from error  # fmt: skip


def _export(store: "ArtifactStore", document: dict[str, Any], folder: Path) -> None:
    from ontology.errors import OutsideError
    from service.bundle import export_plan

    try:
        path = export_plan(store, document, folder)
    except OSError as error:
        why = (error.strerror or "not writable").lower()
        raise OutsideError(f"cannot write `{folder}`: {why}", code="BUNDLE_NOT_WRITTEN",
                           hint="give a folder that can be written") from error  # fmt: skip
    hint(f"check it anywhere with `evenkeel verify {path} --artifacts {folder / 'artifacts'}`")


def show(
    asked: Annotated[str, typer.Argument(metavar="[PLAN]", help="Digest or latest.")] = LATEST,
    chain: Annotated[str, typer.Option(help="Look among the plans of this chain.")] = "",
    rows: Rows = 20,
    packs: InPacks = False,
    currency: InCurrency = "",
    plot: PlotFile = None,
    bundle: BundleFolder = None,
    as_json: AsJson = False,
) -> int:
    """Show a saved plan: certificate, comparison, lines, shortfalls, rules, confidence."""
    from api.commands.autonomy import confidence_lines
    from api.commands.server import opened
    from api.screen import drawing
    from service.governing.confidence import confidence_of
    from service.plan_notices import notices_of_plan

    _refuse_restated_json(as_json=as_json, asked=bool(packs or currency))
    with opened() as house:
        document = document_of(house, find_plan(house, asked, chain))
        if plot is not None:
            _plot_flows(house, document, plot_file(plot))
        if bundle is not None:
            _export(house.store, document, bundle)
        shown = _restated(house, document, packs=packs, currency=currency)
        notices = notices_of_plan(house, document)
        confidence = [] if as_json else confidence_lines(confidence_of(house, document))
    if as_json:
        print_document(document)
    else:
        drawing.show_restated(console(), shown, rows)
        for line in confidence:
            console().print(line, soft_wrap=True)
        _tell(notices)
    return GOOD


def _tell(notices: Sequence[str]) -> None:
    """What the plan could not know, or took for nothing."""
    for notice in notices:
        console().print(f"note: {plain(notice)}", soft_wrap=True)


def _plot_flows(house: "House", document: dict[str, Any], path: Path) -> None:
    """The plan's transfers on a map of the locations that its snapshot states."""
    from api.screen.plots import plot_flows
    from ontology.columns import record_at

    decision = document["decision"]
    snapshot = house.reader.read(decision["chain"], int(document["about"]["sequence"]))
    table = snapshot.table("Location")
    places = [record_at(table, row) for row in range(len(table))]
    names = ("id", "latitude_microdegrees", "longitude_microdegrees")
    plot_flows(
        [{name: getattr(place, name) for name in names} for place in places],
        [line for line in decision["lines"] if line["kind"] == "transfer"],
        path, f"transfers of plan {document['plan_digest'][:12]}, units",
    )  # fmt: skip
    hint(f"drawn in `{path}`")


def _refuse_restated_json(*, as_json: bool, asked: bool) -> None:
    if as_json and asked:
        raise InputError("--json prints the plan as it was sealed", code="USAGE",
                         hint="leave out --packs and --currency")  # fmt: skip


def _restated(
    house: "House", document: dict[str, Any], *, packs: bool, currency: str
) -> "Restated":
    from api.screen.restated import restated

    decision = document["decision"]
    own = decision.get("currency") or currency_of(house, decision["chain"])
    return restated(house, document, own, packs=packs, currency=currency)


def verify(
    file: Annotated[Path, typer.Argument(help="A plan.json, or the folder of a bundle.")],
    snapshot: Annotated[str, typer.Option(help="Digest or file of the snapshot.")] = "",
    release: Annotated[str, typer.Option(help="Digest or file of the release.")] = "",
    artifacts: Annotated[
        Path | None, typer.Option(help="Folder of artifacts; by default this service's own.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Check a plan without any solver: arithmetic, seal and derivation; exit 1 if refused."""
    from service.verify import read_plan
    from service.verify import verify as check

    if file.is_dir():
        file, artifacts = file / "plan.json", artifacts or file / "artifacts"
    if artifacts is not None and not artifacts.is_dir():
        raise InputError(f"there is no folder `{artifacts}`", code="ARTIFACTS_MISSING",
                         hint="give the folder that `--bundle` wrote")  # fmt: skip
    verdict = check(read_plan(file), artifacts=artifacts or _own_artifacts(),
                    snapshot=snapshot or None, release=release or None)  # fmt: skip
    if as_json:
        checks = [{"name": c.name, "status": c.status, "refusals": list(c.refusals),
                   "notes": list(c.notes)} for c in verdict.checks]  # fmt: skip
        print_document({"accepted": verdict.accepted, "checks": checks})
    else:
        from api.screen import drawing

        drawing.show_verdict(console(), verdict)
    return GOOD if verdict.accepted else REFUSED


def _own_artifacts() -> Path | None:
    from graph.settings import settings_from_environment
    from service.house import artifacts_folder

    folder = artifacts_folder(settings_from_environment())
    return folder if folder.is_dir() else None
