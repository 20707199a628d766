"""`evenkeel policy`: lint, diff and implies say what they found, and exit by it."""

import json
import shutil
from pathlib import Path

import pytest

from api.command_line import main

RULES = Path(__file__).parents[2] / "rules"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped release as a folder of one's own, examples included."""
    for name in ("shapes", "examples"):
        shutil.copytree(RULES / name, tmp_path / name)
    shutil.copy(RULES / "knobs.toml", tmp_path)
    return tmp_path


def edit(folder: Path, file: str, before: str, after: str) -> None:
    """Replace a text in one file of shapes."""
    path = folder / "shapes" / file
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Exit status, output and hints of one command."""
    capsys.readouterr()
    status = main(["policy", *map(str, arguments)])
    return status, *capsys.readouterr()


def test_lint_of_the_shipped_release(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing to correct is exit 0; with --evidence, each rule's mutant is told."""
    status, out, _ = said(capsys, "lint", "--evidence")
    assert 0 == status
    assert "nothing to correct" in out
    assert 30 == out.count(" catches: ")


def test_lint_names_file_row_and_cure(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    """A finding is exit 1, one line with its place, and the cure as a hint."""
    edit(folder, "stale-stock.ttl", "sh:maxInclusive 30", "sh:maxInclusive 3 ; sh:minInclusive 5")
    status, out, err = said(capsys, "lint", folder)
    assert 1 == status
    assert "stale-stock.ttl:8: rule https://w3id.org/evenkeel/rule/stale-stock" in out
    assert "`sh:maxInclusive 3` and `sh:minInclusive 5` exclude each other" in out
    assert "leave out one of the constraints" in err
    found = json.loads(said(capsys, "lint", folder, "--json")[1])
    assert {"RULE_CONTRADICTION", "RULE_EXAMPLE_WRONG"} == {
        each["code"] for each in found["findings"]
    }
    assert {8} == {each["row"] for each in found["findings"]}
    assert 30 == len(found["evidence"])


def test_diff_and_implies_of_a_loosened_rule(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    """The change in words, one movement that it lets through, and nothing the other way."""
    assert (0, "no difference in what they say\n") == said(capsys, "diff", "shipped", folder)[:2]
    edit(folder, "cold-chain.ttl", '"ambient"', '"ambient" "chilled"')
    status, out, _ = said(capsys, "diff", "shipped", folder)
    assert 0 == status
    told = "Cold chain: no longer covers chilled (handling class) [looser: permits more]\n"
    assert told == out
    status, out, _ = said(capsys, "implies", folder, "shipped")
    assert 1 == status
    assert out.startswith("permits more\nrule https://w3id.org/evenkeel/rule/cold-chain denied")
    assert "with Item: id item-1, handlingClass chilled" in out
    assert (0, "permits nothing new\n") == said(capsys, "implies", "shipped", folder)[:2]


def test_documents(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    """With --json, one document with both digests; what was not decided names its rule."""
    edit(folder, "cold-chain.ttl", "sh:path inv:item ;", "sh:path [ sh:inversePath inv:item ] ;")
    found = json.loads(said(capsys, "diff", "shipped", folder, "--json")[1])
    assert 64 == len(found["old"]) == len(found["new"])
    assert ["rule changed"] == [each["kind"] for each in found["differences"]]
    status, out, _ = said(capsys, "implies", "shipped", folder, "--json")
    assert 1 == status
    document = json.loads(out)
    assert "not decided" == document["verdict"]
    assert ["https://w3id.org/evenkeel/rule/cold-chain"] == [
        each["rule"] for each in document["not_decided"]
    ]


def test_a_name_that_is_no_release(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither a folder nor a digest: one line and what it could be."""
    status, _, err = said(capsys, "diff", "shipped", "no-such-release")
    assert 2 == status
    assert "there is no release `no-such-release`" in err
    assert "`active`" in err
