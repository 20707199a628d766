"""Laws of `persons` and of screens: names are shown while the data folder knows them."""

import json
from pathlib import Path

import pytest

from api.command_line import main
from api.output import plain
from graph.persons import Persons


@pytest.fixture
def persons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Persons:
    """The lookup of the data folder of this environment."""
    monkeypatch.setenv("EVENKEEL_HOME", str(tmp_path))
    return Persons(tmp_path)


def test_screens_name_persons_until_they_are_erased(persons: Persons) -> None:
    """Wherever a pseudonym stands in a text; without a lookup the pseudonym is all there is."""
    pseudonym = persons.pseudonym_of("Ann Able")
    assert "Customer `Ann Able`, by Ann Able" == plain(f"Customer `{pseudonym}`, by {pseudonym}")
    persons.erase(pseudonym)
    assert f"by {pseudonym[:11]}… (erased)" == plain(f"by {pseudonym}")
    persons.path.write_bytes(b"damaged" * 99)
    assert f"by {pseudonym}" == plain(f"by {pseudonym}")


def test_whom_the_lookup_knows_is_listed(
    persons: Persons, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody, or each with name and pseudonym; no database is needed for it."""
    assert 0 == main(["persons"])
    assert "no person is known by name\n" == capsys.readouterr().out
    pseudonym = persons.pseudonym_of("Ann Able")
    assert 0 == main(["persons", "list", "--json"])
    (one,) = json.loads(capsys.readouterr().out)["persons"]
    assert ("Ann Able", pseudonym) == (one["name"], one["pseudonym"])
    assert 0 == main(["persons", "list"])
    shown = capsys.readouterr().out
    assert ["Ann", "Able", pseudonym] == shown.strip().splitlines()[-1].split()[:3]


@pytest.mark.parametrize("words", [["erase"], ["forget", "Ann"], ["list", "Ann"]])
def test_another_use_is_one_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """It says how the command is written, and ends in 2."""
    assert 2 == main(["persons", *words])
    assert "[USAGE]" in capsys.readouterr().err
