"""What is written as RDF reads back as the same facts, for every class that a feed may fill."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, example, given, settings

from feeds.mapping import FED
from feeds.mapping_text import load_mapping
from feeds.rdf.linked_json import CONTEXT, frozen_contexts
from feeds.rdf.words import fact_iri, named_fact
from feeds.rdf.writing import written
from feeds.reading import read
from ontology.derived import jsonld_context
from ontology.terms import NAMESPACE, join_key
from tests.feeds.rdf.worlds import (
    WORLDS,
    codes,
    digests,
    plain_world,
    read_text,
    small,
    write_tables,
)

DOCUMENTS = {"turtle": "facts.ttl", "jsonld": "facts.jsonld"}
TWO_HUBS = Path(__file__).parents[3] / "examples/two_hubs"


def test_every_fact_reads_back_the_same() -> None:
    """Law: facts of every class come back from Turtle and from JSON-LD with the same digests."""
    seen: set[str] = set()

    @settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
    @given(world=WORLDS)
    @example(world=plain_world())
    def hold(world: dict[str, list[dict[str, str]]]) -> None:
        with TemporaryDirectory() as folder:
            tables, documents = Path(folder, "tables"), Path(folder, "documents")
            tables.mkdir()
            documents.mkdir()
            write_tables(tables, world)
            found = read([tables], small())
            seen.update(found.tables)
            for form, name in DOCUMENTS.items():
                again = read_text(documents, name, "".join(written(found.tables, "small", form)))
                assert ({}, digests(found)) == (codes(again), digests(again))

    hold()
    assert seen == FED


@pytest.mark.parametrize("form", DOCUMENTS)
def test_the_example_reads_back_the_same(form: str, tmp_path: Path) -> None:
    """Law: so does the shipped example, through a mapping that knows nothing of its tables."""
    found = read([TWO_HUBS], load_mapping(TWO_HUBS / "mapping.yaml"))
    name = DOCUMENTS[form]
    mapping = f"""
format: evenkeel-mapping/1
chain: two_hubs
source: graph
version: 1
known: all
files:
  - file: {name}
"""
    text = "".join(written(found.tables, "two_hubs", form))
    again = read_text(tmp_path, name, text, mapping)
    assert ({}, digests(found)) == (codes(again), digests(again))
    assert {f"{name}#{each}" for each in found.tables} == {each.file for each in again.files}


@pytest.mark.parametrize("key", ["a/b", "..", ".", "''", "", "é %", "a'b", "x"])
def test_a_name_leads_back_to_its_key(key: str) -> None:
    """Law: chain, class and key of a fact are in its IRI, whatever letters they are of."""
    natural = join_key((key, None, 5))
    assert ("c d", "Lane", (key, None, "5")) == named_fact(fact_iri("c d", "Lane", natural))
    assert named_fact("https://example.com/Item/x") is None


def test_the_frozen_context_says_what_the_vocabulary_says() -> None:
    """Law: no word of a frozen context was renamed or redefined since."""
    now = jsonld_context()["@context"]
    for frozen in frozen_contexts().values():
        assert NAMESPACE == frozen["@vocab"]
        words = {word: meaning for word, meaning in frozen.items() if word != "@vocab"}
        assert words == {word: now.get(word) for word in words}


def test_words_that_came_later_are_explained_in_the_document(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Law: a document means the same whichever frozen context its reader holds."""
    found = read([TWO_HUBS], load_mapping(TWO_HUBS / "mapping.yaml"))
    older = {word: says for word, says in frozen_contexts()[CONTEXT].items()
             if word not in {"Lane", "onHandUnits", "origin"}}  # fmt: skip
    monkeypatch.setattr("feeds.rdf.writing.frozen_contexts", lambda: {CONTEXT: older})
    text = "".join(written(found.tables, "small", "jsonld"))
    assert [CONTEXT, {"Lane", "onHandUnits", "origin"}] == [
        part if isinstance(part, str) else set(part) for part in json.loads(text)["@context"]
    ]
    monkeypatch.undo()
    assert digests(found) == digests(read_text(tmp_path, "facts.jsonld", text))
