"""The commands about policy releases: what is wrong with one, what it changes, what it permits."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands import backtest, rule_prices
from api.commands import releases as commands_releases
from api.output import GOOD, REFUSED, AsJson, hint, plain, print_document, working
from ontology.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rules.implies import Counterexample, Implication
    from rules.lint import Examination
    from rules.release import Release

SHIPPED, ACTIVE = "shipped", "active"
_DIGEST = re.compile("[0-9a-f]{64}")
_WHICH = "A folder, `shipped`, `active`, or a digest."


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Policy releases: what they say, change and permit.",
                        rich_markup_mode=None)  # fmt: skip
    group.command("lint")(lint)
    group.command("diff")(diff)
    group.command("implies")(implies)
    backtest.register_in(group)
    rule_prices.register_in(group)
    commands_releases.register_in(group)
    app.add_typer(group, name="policy")


def lint(
    folder: Annotated[
        str, typer.Argument(help=f"{_WHICH} A folder's `examples` are tried, too.")
    ] = SHIPPED,
    evidence: Annotated[
        bool, typer.Option("--evidence", help="Also what each rule was seen to catch.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """What is wrong with a release before it decides anything; exit 1 with findings.

    Each rule is compiled, tried on its example, searched for contradictions, dead branches and
    rules that do the same, and shown one change of a conforming graph that it must catch. A
    release with a finding is proposed only with a named person's reason for it.
    """
    from rules.lint import EXAMPLES, examined

    with releases() as named, working("looking at every rule"):
        release = named(folder)
        own = EXAMPLES if folder == SHIPPED else Path(folder) / "examples"
        found = examined(release, own if own.is_dir() else None)
    if as_json:
        print_document(_examination(found, release))
    else:
        _show_examination(found, release, evidence=evidence)
    return REFUSED if found.remarks else GOOD


def _examination(found: "Examination", release: "Release") -> dict[str, Any]:
    return {
        "release": release.digest, "rules": len(release.rules),
        "findings": [asdict(remark) for remark in found.remarks],
        "evidence": [{"rule": each.rule, "source": each.source, "change": each.told}
                     for each in found.mutants],
    }  # fmt: skip


def _show_examination(found: "Examination", release: "Release", *, evidence: bool) -> None:
    for each in found.mutants if evidence else ():
        typer.echo(plain(f"rule {each.rule} catches: {each.told} ({each.source})"))
    for remark in found.remarks:
        place = f"{remark.file}:{remark.row}" if remark.row else remark.file
        typer.echo(plain(f"{place}: rule {remark.rule}: {remark.what} [{remark.code}]"))
        hint(remark.hint)
    rules = f"{len(release.rules)} rules of release {release.digest[:12]}"
    typer.echo(f"{rules}: {len(found.remarks) or 'nothing'} to correct")


@contextmanager
def releases() -> "Iterator[Callable[[str], Release]]":
    """What gives the release that a person names; a database is opened only for those in it."""
    with ExitStack() as stack:
        opened: list[Any] = []

        def house() -> Any:
            from api.commands.server import opened as open_house

            if not opened:
                opened.append(stack.enter_context(open_house()))
            return opened[0]

        def named(which: str) -> "Release":
            from rules.release import default_release, from_folder

            if which == SHIPPED:
                return default_release()
            if which == ACTIVE:
                return house().release_for("").whole  # type: ignore[no-any-return]
            if Path(which).is_dir():
                return from_folder(Path(which))
            if _DIGEST.fullmatch(which):
                return house().release_at(which)  # type: ignore[no-any-return]
            raise InputError(f"there is no release `{which}`", code="RELEASE_NAME",
                             hint="name a folder with knobs.toml and shapes, `shipped`, `active` "
                             "or the 64 digits of a digest")  # fmt: skip

        yield named


def diff(
    old: Annotated[str, typer.Argument(help=_WHICH)],
    new: Annotated[str, typer.Argument(help=_WHICH)],
    as_json: AsJson = False,
) -> int:
    """What a release says otherwise than another, in words, and what that permits.

    Compared is what the shapes say: layout, order, comments and the names of parts are nothing.
    """
    from rules.differences import differences

    with releases() as named, working("comparing"):
        pair = (named(old), named(new))
        found = differences(*pair)
    if as_json:
        print_document({"old": pair[0].digest, "new": pair[1].digest,
                        "differences": [asdict(each) for each in found]})  # fmt: skip
        return GOOD
    for each in found:
        effect = "" if each.kind in _NO_RULES else f" [{_EFFECTS[each.effect]}]"
        typer.echo(plain(each.told + effect))
    if not found:
        typer.echo("no difference in what they say")
    return GOOD


_EFFECTS = {
    "stricter": "stricter: permits less", "looser": "looser: permits more",
    "none": "permits the same", "other": "permits more here and less there, or not decided",
}  # fmt: skip
_NO_RULES = ("knob set", "knob added", "knob removed", "knob defined", "policy", "part")


def implies(
    new: Annotated[str, typer.Argument(help=_WHICH)],
    old: Annotated[str, typer.Argument(help=_WHICH)] = ACTIVE,
    as_json: AsJson = False,
) -> int:
    """Whether a release permits nothing that another denies; else one thing that it does.

    Exit 1 unless that was proved. Knobs are no rules: `evenkeel policy diff` tells of them.
    """
    from rules.implies import implies as ask

    with releases() as named, working("looking for what is newly permitted"):
        pair = (named(new), named(old))
        found = ask(*pair)
    if as_json:
        print_document(_implication(found, *pair))
    else:
        _show_implication(found)
    return GOOD if found.verdict == "permits nothing new" else REFUSED


def _implication(found: "Implication", new: "Release", old: "Release") -> dict[str, Any]:
    return {
        "new": new.digest, "old": old.digest, "verdict": found.verdict,
        "counterexamples": [each.to_document() for each in found.counterexamples],
        "not_decided": [{"rule": rule, "why": why} for rule, why in found.open],
    }  # fmt: skip


def _show_implication(found: "Implication") -> None:
    typer.echo(found.verdict)
    for each in found.counterexamples:
        _show_counterexample(each)
    for rule, why in found.open:
        typer.echo(plain(f"not decided{f' for rule {rule}' if rule else ''}: {why}"))
    if found.open:
        hint("back-test the release: that answers for the decisions that were made")


def _show_counterexample(found: "Counterexample") -> None:
    document = found.to_document()
    typer.echo(plain(f"rule {found.rule} denied what is now permitted, for example:"))
    typer.echo(plain(f"  {found.target}: {_told(document['record'])}"))
    for name, rows in document["facts"].items():
        for row in rows:
            typer.echo(plain(f"  with {name}: {_told(row)}"))
    for rule in found.flaws:
        typer.echo(plain(f"  (of these facts, some break rule {rule})"))


def _told(record: dict[str, Any]) -> str:
    return ", ".join(f"{name} {_value(value)}" for name, value in record.items())


def _value(value: Any) -> str:
    return " and ".join(map(str, value)) if isinstance(value, list) else str(value)
