"""Exit statuses: one table for all commands, and every class of errors in it."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest

import api
import feeds
import graph
import rules
import service
import solver
from api.answers import error_document
from api.command_line import EXITS, main
from api.commands.query import exit_status
from api.output import BAD, GOOD, REFUSED
from ontology.errors import EvenkeelError

GUIDE = (Path(__file__).parents[2] / "docs/operating.md").read_text()


def classes(of: type[EvenkeelError] = EvenkeelError) -> Iterator[type[EvenkeelError]]:
    """A class of errors, and all that are made of it."""
    yield of
    for one in of.__subclasses__():
        yield from classes(one)


def every_class() -> list[type[EvenkeelError]]:
    """All classes of errors that any module of the product has."""
    for package in (api, feeds, graph, rules, service, solver):
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                import_module(module.name)
    return list(classes())


def test_the_guide_has_every_status() -> None:
    """Law: the table of the guide, the help and the product say the same."""
    table = GUIDE.partition("### Exit status")[2].partition("\n### ")[0]
    found = dict(re.findall(r"^\| ([0-9]+) \| ([^|]+) \|", table, re.MULTILINE))
    assert found == {str(code): says for code, says in EXITS.items()}


def test_every_class_of_errors_has_the_status_of_its_fault() -> None:
    """Law: 2 where the caller has to change something, 1 where not; `query` says the same."""
    found = every_class()
    named = {name: REFUSED if "| 1 |" in row else BAD
             for row in GUIDE.splitlines() if row.startswith(("| 1 |", "| 2 |"))
             for name in re.findall(r"`([A-Za-z]+Error)`", row)}  # fmt: skip
    assert {"InputError", "AccessError", "StateError", "OutsideError", "SolverError"} == set(named)
    assert len(found) > len(named) + 1, "some of them have their own name"
    for one in found:
        fault = next((kind.__name__ for kind in one.__mro__ if kind.__name__ in named), "")
        assert named.get(fault, REFUSED) == one.exit_status, one


def test_query_ends_as_any_command_does() -> None:
    """Law: the errors of an answer give the status that they give on the command line."""
    plain = [one for one in every_class() if one.__init__ is EvenkeelError.__init__]
    for one in plain:
        assert one.exit_status == exit_status(error_document(one("no"))["errors"])
    assert GOOD == exit_status(())
    both = [error_document(one("no"))["errors"][0] for one in plain]
    assert REFUSED == exit_status(both)


def test_the_help_says_them(capsys: pytest.CaptureFixture[str]) -> None:
    """Law: who reads no guide finds the statuses in the help."""
    assert GOOD == main(["--help"])
    out = " ".join(capsys.readouterr().out.split())
    assert all(f"{code} {says}" in out for code, says in EXITS.items())
