"""The analysts' guide holds documents that work."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import Ask

GUIDE = Path(__file__).parents[2] / "docs" / "analysts.md"
DOCUMENTS = re.findall(
    r"^```graphql\n(.*?)^```", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL
)


def test_there_are_ten() -> None:
    """One document for each heading."""
    assert (
        10
        == len(DOCUMENTS)
        == len(re.findall(r"^## \d+\. ", GUIDE.read_text("utf-8"), re.MULTILINE))
    )


@pytest.mark.parametrize("number", range(len(DOCUMENTS)))
def test_a_document_of_the_guide_finds_something(ask: Ask, number: int) -> None:
    """Each document of the guide is answered without an error, and not with nothing."""
    assert any(has_content(part) for part in ask(DOCUMENTS[number]).values())


TABLES = Path(__file__).parents[2] / "docs" / "graphql.md"
QUESTIONS = re.findall(
    r"^### (\d+)\. .*?^```graphql\n(.*?)^```", TABLES.read_text("utf-8"), re.MULTILINE | re.DOTALL
)


def test_there_are_twenty_questions() -> None:
    """Numbered in their order."""
    assert [str(number) for number in range(1, 21)] == [number for number, _ in QUESTIONS]


@pytest.mark.parametrize(("number", "document"), QUESTIONS)
def test_a_question_finds_something(ask: Ask, digest: str, number: str, document: str) -> None:
    """Each part of each question has an answer that is not nothing."""
    known = {"plan": digest, "before": digest}
    found = ask(document, **{name: known[name] for name in known if f"${name}:" in document})
    assert [] == [name for name, part in found.items() if not has_content(part)]


def has_content(part: Any) -> bool:
    return bool(part.get("edges", part) if isinstance(part, dict) else part)
