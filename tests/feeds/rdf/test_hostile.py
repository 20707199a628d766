"""Documents made to do harm: one clear line with a code each, and nothing outside is touched."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.formats.blocks import Form
from feeds.limits import Limits
from feeds.rdf import nodes
from feeds.rdf.decoding import rdf_blocks
from feeds.rdf.linked_json import CONTEXT
from feeds.rdf.nodes import nodes_of
from feeds.reading import read
from ontology.errors import InputError
from tests.feeds.formats.test_apart import (
    STRACE,
    _no_network,
    calls_after_confinement,
    decoding,
    environment,
)
from tests.feeds.rdf.worlds import INV, read_text, small
from tests.feeds.test_reading import watching

BASE = "http://127.0.0.1:9/"
REMOTE = "http://127.0.0.1:9/context.jsonld"
ENTITY = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]><x>&f;</x>'
SOUND = {
    "turtle": f'{INV}<Item/a> a inv:Item ; inv:id "a" ; inv:part [ inv:id "b", 5, 1.5, true ] .',
    "jsonld": json.dumps({"@context": CONTEXT, "@id": "a", "@type": "Item", "id": ["a", 5, 1.5]}),
}


def refusal(form: str, data: bytes | str) -> tuple[str, str]:
    """The code of the error that a document brings, and the line that a person reads."""
    stream = io.BytesIO(data.encode() if isinstance(data, str) else data)
    with pytest.raises(InputError) as caught:
        list(rdf_blocks(stream, Form("x.ttl", form, base=BASE), Limits()))
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    return caught.value.code, str(caught.value)


def linked(document: Any) -> str:
    """A document of JSON-LD."""
    return json.dumps(document)


TURTLE = {
    "nothing": ("", "FILE_EMPTY"),
    "a rule of N3": (f"{INV}{{ <a> <b> <c> }} => {{ <d> <e> <f> }} .", "RDF_SYNTAX"),
    "a formula": ("<a> <b> { <c> <d> <e> } .", "RDF_SYNTAX"),
    "a variable": ("?x <b> <c> .", "RDF_SYNTAX"),
    "a quantifier": ("@forAll <a> .", "RDF_SYNTAX"),
    "a path of N3": ("<a> <b> <c>!<d> .", "RDF_SYNTAX"),
    "a property turned round": ("<a> is <b> of <c> .", "RDF_SYNTAX"),
    "a literal as subject": ('"a" <b> <c> .', "RDF_SYNTAX"),
    "a literal as property": ('<a> "b" <c> .', "RDF_SYNTAX"),
    "a blank property": ("<a> _:b <c> .", "RDF_SYNTAX"),
    "a prefix that is not there": ("<a> inv:b <c> .", "RDF_SYNTAX"),
    "cut off in a name": ("<a> <b> <c", "RDF_SYNTAX"),
    "cut off in a text": ('<a> <b> "c', "RDF_SYNTAX"),
    "cut off in a long text": ("<a> <b> '''c", "RDF_SYNTAX"),
    "cut off in a statement": ("<a> <b> ", "RDF_SYNTAX"),
    "cut off in a bracket": ("<a> <b> [ <c> <d> ", "RDF_SYNTAX"),
    "a name with a blank": ("<a b> <c> <d> .", "RDF_IRI"),
    "a name with a quote": ('<a"b> <c> <d> .', "RDF_IRI"),
    "brackets 5,000 deep": ("<a> <b> " + "[ <c> " * 5_000, "RDF_TOO_DEEP"),
    "lists 5,000 deep": ("<a> <b> " + "( " * 5_000, "RDF_TOO_DEEP"),
    "a number of 5,000 digits": (f"<a> <b> {'9' * 5_000} .", "RDF_SYNTAX"),
    "half a letter": ('<a> <b> "\\uD834" .', "RDF_SYNTAX"),
    "latin letters": (b'<a> <b> "\xe9" .', "WRONG_ENCODING"),
    "UTF-16": ("<a> <b> <c> .".encode("utf-16"), "WRONG_ENCODING"),
    "no Turtle": ("id,base_unit\ntea,each\n", "RDF_SYNTAX"),
    "XML": ("<?xml version='1.0'?><rdf:RDF/>", "RDF_SYNTAX"),
}


@pytest.mark.parametrize("name", TURTLE)
def test_hostile_turtle_is_refused(name: str) -> None:
    """Law 9: rules, formulas, depth, wrong letters and cut ends each bring one line."""
    data, code = TURTLE[name]
    assert code == refusal("turtle", data)[0]


def test_a_fault_of_turtle_is_found_by_its_line() -> None:
    """Law: the line is that on which the faulty statement begins, whatever stood before it."""
    sound = "# note\n\n<a> <b> '''c\nd''' ;\r\n <e> [\n <f> <g> ;\n\n ] ;\n\n.\n"
    assert "x.ttl, row 12" in refusal("turtle", f"{INV}{sound}<h> <i>\n\n x:y .\n")[1]


LINKED = {
    "nothing": (" \n", "FILE_EMPTY"),
    "a context elsewhere": (linked({"@context": REMOTE}), "RDF_REMOTE"),
    "a context that is a file": (linked({"@context": ["file:///etc/hostname"]}), "RDF_REMOTE"),
    "a context by its place": (linked({"@context": "context.jsonld"}), "RDF_REMOTE"),
    "a context that imports": (linked({"@context": {"@import": REMOTE}}), "RDF_REMOTE"),
    "a context in a context": (
        linked({"@context": {"a": {"@id": "x:a", "@context": REMOTE}}, "a": 1}), "RDF_REMOTE",
    ),
    "a context in a node": (linked({"@graph": [{"x": {"@context": REMOTE}}]}), "RDF_REMOTE"),
    "words that go round": (linked({"@context": {"a": "b:x", "b": "a:y"}, "a": 1}), "RDF_TOO_DEEP"),
    "100,000 lists deep": ("[" * 10**5, "JSON_TOO_DEEP"),
    "100,000 objects deep": ('{"a":' * 10**5, "JSON_TOO_DEEP"),
    "cut off": (SOUND["jsonld"][:-1], "JSON_BROKEN"),
    "a field twice": ('{"@id": "a", "@id": "b"}', "JSON_BROKEN"),
    "a number of 5,000 digits": (f'{{"@id": {"9" * 5_000}}}', "JSON_BROKEN"),
    "a number of a billion digits": ('{"@id": 1e999999999}', "JSON_BROKEN"),
    "no number": ('{"a": NaN}', "JSON_BROKEN"),
    "a value that is an object": (linked({"http://x/a": {"@value": {"b": 1}}}), "RDF_SYNTAX"),
    "a context that is a number": (linked({"@context": 5}), "RDF_SYNTAX"),
    "a name with a blank": (linked({"@id": "Item/my tea", "http://x/a": 1}), "RDF_IRI"),
    "a reference with a blank": (
        linked({"@context": CONTEXT, "@type": "Lane", "origin": "Location/my hub"}), "RDF_IRI",
    ),
    "half a letter": ('{"http://x/a": "\\ud834"}', "RDF_SYNTAX"),
    "latin letters": (b'{"http://x/a": "\xe9"}', "WRONG_ENCODING"),
    "Turtle": (SOUND["turtle"], "JSON_BROKEN"),
}  # fmt: skip


@pytest.mark.parametrize("name", LINKED)
def test_hostile_linked_json_is_refused(name: str) -> None:
    """Law 9: contexts from elsewhere, circles, depth and broken JSON each bring one line."""
    data, code = LINKED[name]
    assert code == refusal("jsonld", data)[0]


@pytest.mark.parametrize("form", SOUND)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_changed_bytes_give_triples_or_one_error(form: str, data: st.DataObject) -> None:
    """Law 9: whatever bytes are changed, the outcome is triples of text or one InputError."""
    content = bytearray(SOUND[form].encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + 2] = data.draw(st.sampled_from(["[", "]", "{", '"', "@", ":", "<", " "])
                                         .map(str.encode) | st.binary(max_size=3))  # fmt: skip
    try:
        found = list(rdf_blocks(io.BytesIO(content), Form("x", form, base=BASE), Limits()))
        outcome = all(isinstance(part, str) for b in found for row in b.rows for part in row)
    except InputError as error:
        outcome = bool(error.code and error.hint)
    assert outcome


SMALL = Limits(decoder_bytes=2**25, decoder_seconds=20, file_bytes=2**20)
BOMBS = {
    "a statement of 100,000 blank nodes": ("<a> <b> []" + ", []" * 100_000 + " .",
                                           "UNPACKED_TOO_LARGE"),
    "a literal of 9 MB": (f'<a> <b> "{"x" * 9 * 2**20}" .', "UNPACKED_TOO_LARGE"),
    "a prefix of 1,000 letters, 5,000 times": (
        f"@prefix x: <http://x/{'x' * 1_000}> .\n" + "x:a x:b x:c .\n" * 5_000,
        "UNPACKED_TOO_LARGE",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused(name: str) -> None:
    """Law 9: what holds much more than its size says is given up, by the child or by its reader."""
    text, code = BOMBS[name]
    with pytest.raises(InputError) as caught:
        nodes_of(text.encode(), Form("x.ttl", "turtle", base=BASE), SMALL)
    assert code == caught.value.code


def test_triples_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 9: a document of more triples than allowed is refused at the first one too many."""
    monkeypatch.setattr(nodes, "MOST_TRIPLES", 3)
    with pytest.raises(InputError) as caught:
        nodes_of(b"<a> <b> 1, 2,\n 3 .\n<c> <d> 4 .", Form("x.ttl", "turtle", base=BASE), SMALL)
    assert ("TOO_MANY_TRIPLES", 3) == (caught.value.code, caught.value.place.row)


def test_a_document_without_facts_is_refused(tmp_path: Path) -> None:
    """Law: a document in other words than ours is no empty delivery."""
    with pytest.raises(InputError) as caught:
        read_text(tmp_path, "facts.jsonld", linked({"@type": "Item", "id": "tea"}))
    assert "RDF_NO_FACTS" == caught.value.code


REACHING = {
    "facts.ttl": f"""{INV}@prefix owl: <http://www.w3.org/2002/07/owl#> .
<{REMOTE}> a owl:Ontology ; owl:imports <{REMOTE}>, <file:///etc/hostname> .
<Item/a> a inv:Item ; inv:name '{ENTITY}' ; inv:family "http://127.0.0.1:9/x" .
<http://127.0.0.1:9/x> a inv:Location ; inv:id "north" ; inv:kind "hub" .
""",
    "facts.jsonld": linked({
        "@context": [CONTEXT, {"more": {"@id": REMOTE, "@type": "http://www.w3.org/1999/02/22-rdf-"
                                        "syntax-ns#XMLLiteral"}}],
        "@id": "Item/a", "@type": "Item", "name": REMOTE, "more": ENTITY,
    }),
}  # fmt: skip


@pytest.mark.parametrize("name", REACHING)
def test_reading_opens_the_document_and_starts_one_decoder(name: str, tmp_path: Path) -> None:
    """Law 9: the audit hook sees the file and our own interpreter, and nothing else."""
    path = tmp_path / name
    path.write_text(REACHING[name])
    mapping = small()
    read([path], mapping)
    with watching() as seen:
        result = read([path], mapping)
    assert ["a"] == result.tables["Item"]["id"].tolist()
    expected = [("open", str(path)), ("open", os.devnull), ("subprocess.Popen", sys.executable)]
    assert expected == seen


@pytest.mark.skipif(not STRACE, reason="strace is not installed")
@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("turtle", REACHING["facts.ttl"]),
        ("jsonld", REACHING["facts.jsonld"]),
        ("jsonld", LINKED["a context elsewhere"][0]),
        ("turtle", TURTLE["a formula"][0]),
    ],
    ids=["turtle", "jsonld", "remote", "formula"],
)
def test_the_decoder_asks_for_nothing(form: str, text: str, tmp_path: Path) -> None:
    """Law 9: watched call by call, the decoder does not even try to open a file or connection."""
    assert [] == list(calls_after_confinement(form, text.encode(), tmp_path))


@pytest.mark.parametrize("name", REACHING)
def test_the_decoder_needs_no_network(name: str, tmp_path: Path) -> None:
    """Law 9: without a network, not even a loopback, it says the same."""
    command = _no_network()
    if not command:
        pytest.skip("unshare is not permitted here")
    (tmp_path / name).write_text(REACHING[name])
    form = "turtle" if name.endswith("ttl") else "jsonld"
    said = []
    for before in ([], command):
        with (tmp_path / name).open("rb") as stream:
            done = subprocess.run([*before, *decoding(form)], stdin=stream, capture_output=True,
                                  env=environment(), check=True)  # fmt: skip
        said.append(done.stdout)
    assert said[0] == said[1] != b""
