"""The commands `access`, `tokens` and `persons login`: what they do, say and refuse."""

import json
from pathlib import Path
from typing import Any

import pytest
from neo4j import Driver

from api.command_line import main
from graph.login import Connection
from graph.settings import settings_from_environment
from service.house import House, house_on

URI = "two_hubs/Item/widget"


@pytest.fixture
def house(
    empty_database: Driver, tmp_path: Path, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> House:
    """An empty service that commands of this environment reach, too."""
    monkeypatch.setenv("EVENKEEL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NEO4J_URI", connection.uri)
    monkeypatch.setenv("NEO4J_USER", connection.user)
    monkeypatch.setenv("NEO4J_PASSWORD", connection.password)
    return house_on(empty_database, settings_from_environment())


def said(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert 0 == main([*words, "--json"])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_grant_from_its_beginning_to_its_end(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    """Given, listed, ended; each is an event; a person reads the same as a script."""
    made = said(capsys, "access", "grant", "Ann", "analyst", "--chain", "*", "--only",
                "region=north", "--only", "region=south", "--cleared", "class=trial")  # fmt: skip
    assert (["north", "south"], ["trial"]) == (made["regions"], made["classes"])
    assert 0 == main(["access", "list"])
    shown = capsys.readouterr().out
    assert "Ann" in shown
    assert "analyst" in shown
    assert [made["id"]] == [one["id"] for one in said(capsys, "access", "list", "Ann")["grants"]]
    assert [] == said(capsys, "access", "list", "Bo")["grants"]
    ended = said(capsys, "access", "end", made["id"], "--reason", "over")
    assert ended["ended"]
    assert ended["ended"] == said(capsys, "access", "end", made["id"], "--reason", "again")["ended"]
    kinds = [event.kind for event in house.projection.log.events()]
    assert ["access.granted", "access.ended"] == [one for one in kinds if one.startswith("access")]


def test_tokens_are_issued_listed_and_revoked(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    """The secret is in one answer and in no other."""
    made = said(capsys, "tokens", "issue", "robot", "--scope", "read", "--days", "7")
    assert made["secret"].startswith("evk_")
    (one,) = said(capsys, "tokens", "list")["tokens"]
    assert {"id": made["id"], "revoked": ""} == {name: one[name] for name in ("id", "revoked")}
    assert made["secret"] not in json.dumps(one)
    assert "digest" not in one
    assert said(capsys, "tokens", "revoke", made["id"])["revoked"]
    assert 0 == main(["tokens", "list"])
    assert made["secret"] not in capsys.readouterr().out


def test_logins_are_known_and_taken_away(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """A person under two logins is listed once, with both."""
    for subject in ("a1", "a2"):
        said(capsys, "persons", "login", "Ann", "https://i.example", subject)
    (ann,) = said(capsys, "persons", "list")["persons"]
    assert ["a1", "a2"] == [one["subject"] for one in ann["logins"]]
    assert said(capsys, "persons", "logout", "https://i.example", "a1")["dropped"]
    assert not said(capsys, "persons", "logout", "https://i.example", "a1")["dropped"]


@pytest.mark.parametrize(("words", "code"), [
    (["access", "grant", "Ann", "king", "--chain", "*"], "ROLE_UNKNOWN"),
    (["access", "grant", "Ann", "analyst", "--chain", ""], "GRANT_INVALID"),
    (["access", "grant", "Ann", "analyst", "--chain", "*", "--only", "colour=red"], "USAGE"),
    (["access", "grant", "Ann", "analyst", "--chain", "*", "--only", "region=*"], "GRANT_INVALID"),
    (["access", "grant", "Ann", "analyst", "--chain", "*", "--cleared", "trial"], "USAGE"),
    (["access", "grant", "Ann", "analyst", "--chain", "*", "--until", "2020-01-01T00:00:00Z"],
     "GRANT_INVALID"),
    (["access", "end", "grant-none", "--reason", "why"], "GRANT_UNKNOWN"),
    (["access", "end", "grant-none"], "REASON_MISSING"),
    (["access", "who", URI, "--on", "soon"], "BAD_TIME"),
    (["access", "who", "widget", "--on", "2026-03-01"], "URI_INVALID"),
    (["access", "who", URI, "--on", "2026-03-01"], "CHAIN_UNKNOWN"),
    (["tokens", "issue", "robot", "--scope", "all", "--days", "1"], "SCOPE_UNKNOWN"),
    (["tokens", "revoke", "token-none"], "TOKEN_UNKNOWN"),
    (["persons", "login", "Ann", "https://i.example"], "USAGE"),
])  # fmt: skip
def test_what_cannot_be_is_one_line(
    house: House, capsys: pytest.CaptureFixture[str], words: list[str], code: str
) -> None:
    """With its code, and nothing is logged."""
    before = house.projection.log.head().sequence
    assert 2 == main(words)
    assert f"[{code}]" in capsys.readouterr().err
    assert before == house.projection.log.head().sequence
