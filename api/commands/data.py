"""The commands about files and rules: solve, validate, rules."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.output import (
    BAD,
    GOOD,
    REFUSED,
    AsJson,
    console,
    failure,
    hint,
    plain,
    print_document,
    working,
)
from ontology.errors import InputError

if TYPE_CHECKING:
    from rules.release import Release
    from solver.engine.dimacs import SolveResult


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("solve")(solve)
    app.command("validate")(validate)
    app.command("rules")(rules)


def solve(
    file: Annotated[Path, typer.Argument(help="A DIMACS min-cost-flow file.")],
    as_json: AsJson = False,
) -> int:
    """Solve a DIMACS file exactly; exit 0 optimal, 1 infeasible or unbalanced, 2 refused."""
    try:
        from solver.engine.dimacs import solve_file

        result = solve_file(file)
    except InputError as error:
        if not as_json:
            raise
        print_document(
            {"status": "refused", "objective": None, "bound": None, "error": failure(error)}
        )
        return BAD
    if as_json:
        print_document(_solved(result))
    elif result.status == "refused":
        raise _refusal(result)
    else:
        _show_solved(result)
    return result.exit_status


def _solved(result: "SolveResult") -> dict[str, Any]:
    found: dict[str, Any] = {
        "status": result.status, "objective": result.objective, "bound": result.bound,
        "arcs": result.arcs, "nodes": result.nodes,
    }  # fmt: skip
    if result.status == "refused":
        found["error"] = failure(_refusal(result))
    return found


def _refusal(result: "SolveResult") -> InputError:
    return InputError(result.refusal, code=result.code, hint="use coarser units or smaller costs")


def _show_solved(result: "SolveResult") -> None:
    typer.echo(f"status     {result.status}")
    if result.objective is not None:
        typer.echo(f"objective  {result.objective}")
        typer.echo(f"bound      {result.bound}")
    typer.echo(f"network    {result.arcs} arcs, {result.nodes} nodes")


def validate(
    data: Annotated[Path, typer.Argument(help="RDF: .ttl, .nt, .jsonld, .rdf, .owl, .trig.")],
    shapes: Annotated[Path, typer.Option("--shapes", help="SHACL shapes, in RDF, too.")],
    time_limit: Annotated[int, typer.Option(min=1, help="Give up after so many seconds.")] = 300,
    as_json: AsJson = False,
) -> int:
    """Validate RDF against SHACL shapes; exit 1 when there is a Violation."""
    from rules.reading import read_graph
    from rules.validate import outcome_of

    with _within(time_limit), working("validating"):
        data_graph = read_graph(data)
        same = data.resolve() == shapes.resolve()
        found = outcome_of(data_graph, data_graph if same else read_graph(shapes))
    blocks = found.report.blocks
    if as_json:
        # `conforms` is what the specification says of the report; `blocks` is what decides.
        print_document({"conforms": not found.results, "blocks": blocks,
                        "results": list(found.results)})  # fmt: skip
    else:
        _show_findings(found.results)
    return REFUSED if blocks else GOOD


@contextmanager
def _within(seconds: int) -> Iterator[None]:
    """Ends the work when the time is up: a pattern or a query in the shapes may never finish."""

    def give_up(_signal: int, _frame: Any) -> None:
        raise InputError(
            f"the validation did not end within {seconds} seconds", code="TIME_LIMIT",
            hint="look for a costly `sh:pattern` or query, or raise --time-limit",
        )  # fmt: skip

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _show_findings(results: tuple[dict[str, Any], ...]) -> None:
    from api.screen import drawing

    screen = console()
    if results:
        screen.print(drawing.findings_table(results))
    screen.print(f"{len(results):,} results" if results else "no results: the data conforms")


def rules(
    chain: Annotated[str, typer.Option(help="Count in the latest plan of this chain.")] = "",
    check: Annotated[
        bool, typer.Option("--check", help="Only look for what is wrong with the rules.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """The rules in force: what each closed, kept back or sent to a person in the latest plan.

    With --check every rule is compiled, and tried on its example where it has one, without any
    database; exit 1 when something has to be corrected.
    """
    if check:
        return _check_rules(as_json=as_json)
    from api.commands.server import opened
    from api.recall import latest_plan
    from api.screen import drawing

    with opened() as house:
        entry = latest_plan(house, chain)
        document = house.store.get_document(entry.artifact) if entry else None
        release = house.release_for(document["decision"]["chain"] if document else chain)
        rows, remarks = _rule_rows(release, document), _remarks(release)
    if as_json:
        digest = document["plan_digest"] if document else None
        print_document({"release": release.digest, "plan": digest, "rules": rows,
                        "remarks": remarks})  # fmt: skip
        return GOOD
    console().print(drawing.rules_table(rows))
    for remark in remarks:
        hint(f"warning: {_remark_text(remark)}")
    if document is None:
        hint("no plan yet: make one with `evenkeel plan --example two_hubs`")
    return GOOD


def _check_rules(*, as_json: bool) -> int:
    from rules.lint import EXAMPLES
    from rules.release import default_release

    release = default_release()
    remarks = _remarks(release, EXAMPLES)
    if as_json:
        print_document({"release": release.digest, "rules": len(release.rules),
                        "remarks": remarks})  # fmt: skip
    else:
        for remark in remarks:
            typer.echo(_remark_text(remark))
        rules_found = f"{len(release.rules)} rules of release {release.digest[:12]}"
        typer.echo(f"{rules_found}: {len(remarks) or 'nothing'} to correct")
    return REFUSED if remarks else GOOD


def _remarks(release: "Release", examples: Path | None = None) -> list[dict[str, str]]:
    """What is wrong with the rules, each with the file that it stands in."""
    from rules.lint import lint

    files = {rule.iri: rule.file for rule in release.rules}
    return [
        {"rule": found.rule, "file": files[found.rule], "code": found.code, "what": found.what}
        for found in lint(release, examples)
    ]


def _remark_text(remark: dict[str, str]) -> str:
    return plain(f"{remark['file']}: rule {remark['rule']}: {remark['what']} [{remark['code']}]")


def _rule_rows(release: "Release", document: dict[str, Any] | None) -> list[dict[str, Any]]:
    suppressed = document["decision"]["suppressed"] if document else {}
    closed, looked = suppressed.get("by_rule", {}), suppressed.get("focus_counts", {})
    sent, floors = suppressed.get("attention", {}), suppressed.get("floors", {})
    return [
        {
            "rule": rule.iri, "title": rule.title, "severity": rule.severity,
            "targets": list(rule.targets), "file": rule.file, "reason": rule.reason,
            "closed": closed.get(rule.iri, 0) if document else None,
            "looked_at": looked.get(rule.iri) if document else None,
            "to_a_person": sent.get(rule.iri), "floor_units": floors.get(rule.iri),
        }
        for rule in release.rules
    ]  # fmt: skip
