"""RDF is read within limits, from the file alone, and every refusal says where and why."""

import json
from pathlib import Path

import pytest
from rdflib import Graph, Literal, URIRef

from ontology.errors import InputError
from rules.reading import parse_graph, read_graph, refuse_remote_queries

TURTLE = '@prefix ex: <http://example.org/> .\nex:a ex:b "01"^^ex:c .\n'
SAME = {
    "data.ttl": TURTLE,
    "data.nt": '<http://example.org/a> <http://example.org/b> "01"^^<http://example.org/c> .\n',
    "data.trig": TURTLE.replace("ex:a", "ex:g { ex:a").replace(" .\nex", " .\nex")[:-2] + "}\n",
    "data.jsonld": json.dumps(
        {
            "@id": "http://example.org/a",
            "http://example.org/b": {"@value": "01", "@type": "http://example.org/c"},
        }
    ),
    "data.rdf": '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
    ' xmlns:ex="http://example.org/"><rdf:Description rdf:about="http://example.org/a">'
    '<ex:b rdf:datatype="http://example.org/c">01</ex:b></rdf:Description></rdf:RDF>',
}


def written(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("name", sorted(SAME))
def test_every_format_gives_the_same_triple(tmp_path: Path, name: str) -> None:
    """The format is told by the suffix, and named graphs are merged."""
    expected = list(parse_graph(TURTLE.encode(), "turtle", "text"))
    assert expected == list(read_graph(written(tmp_path, name, SAME[name])))


def test_literals_keep_the_characters_of_the_file(tmp_path: Path) -> None:
    """`01` stays `01`: a report names the value that stands in the data."""
    text = '<urn:a> <urn:b> "01"^^<http://www.w3.org/2001/XMLSchema#integer> .'
    values = [str(value) for value in read_graph(written(tmp_path, "a.ttl", text)).objects()]
    assert ["01"] == values


@pytest.mark.parametrize(
    ("name", "text", "code", "row"),
    [
        ("missing.ttl", None, "RDF_MISSING", 0),
        ("data.csv", "a,b", "RDF_FORMAT", 0),
        ("data.ttl", "\n<urn:a> <urn:b> oops .", "RDF_SYNTAX", 2),
        ("data.ttl", "<urn:a> <urn:b> <urn:c> .\n\n<urn:a> ex:b 1 .", "RDF_SYNTAX", 3),
        ("data.nt", "<urn:a> <urn:b> <urn:c> .\nno triple\n", "RDF_SYNTAX", 2),
        ("data.jsonld", '{\n"@id": ]', "RDF_SYNTAX", 2),
        ("data.rdf", "<rdf:RDF\n<", "RDF_SYNTAX", 2),
        ("data.ttl", b"<urn:a> <urn:b>\n\xff", "RDF_ENCODING", 2),
        ("data.ttl", "<urn:a> <urn:b> " + "[ <urn:b> " * 5000, "RDF_DEPTH", 0),
        ("data.jsonld", '{"a":' * 200_000, "RDF_DEPTH", 0),
        ("data.jsonld", '{"@context": "http://example.org/context"}', "RDF_REMOTE", 0),
        ("data.jsonld", '{"@context": [{}, "other.json"]}', "RDF_REMOTE", 0),
        ("data.jsonld", '[{"@graph": [{"@context": {"@import": "other"}}]}]', "RDF_REMOTE", 0),
    ],
)
def test_bad_files_are_refused_with_their_place(
    tmp_path: Path, name: str, text: str | bytes | None, code: str, row: int
) -> None:
    """Each kind of bad file has its code, and its row where the parser knows it."""
    path = tmp_path / name if text is None else written(tmp_path, name, text)
    with pytest.raises(InputError) as refusal:
        read_graph(path)
    assert (code, row) == (refusal.value.code, refusal.value.place.row)
    assert str(path) == refusal.value.place.file


def test_a_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    """One byte too many is too many; the limit itself is not."""
    path = written(tmp_path, "a.ttl", TURTLE)
    assert len(read_graph(path, largest_bytes=len(TURTLE))) == 1
    with pytest.raises(InputError, match="larger than") as refusal:
        read_graph(path, largest_bytes=len(TURTLE) - 1)
    assert refusal.value.code == "RDF_SIZE"


def test_no_other_file_is_read(tmp_path: Path) -> None:
    """An external entity of RDF/XML is refused, and what owl:imports names stays unread."""
    secret = written(tmp_path, "secret.txt", "secret")
    text = SAME["data.rdf"].replace(
        "<rdf:RDF", f'<!DOCTYPE r [<!ENTITY e SYSTEM "{secret.as_uri()}">]><rdf:RDF', 1
    )
    with pytest.raises(InputError, match="entity is external"):
        read_graph(written(tmp_path, "a.rdf", text.replace(">01<", ">&e;<")))
    imports = f"<urn:a> <http://www.w3.org/2002/07/owl#imports> <{secret.as_uri()}> ."
    assert len(read_graph(written(tmp_path, "b.ttl", imports))) == 1


@pytest.mark.parametrize(
    ("query", "remote"),
    [
        ("SELECT $this FROM <http://example.org/> WHERE { $this ?p ?o }", True),
        ("select $this where { service <http://example.org/> { $this ?p ?o } }", True),
        ("SELECT $this WHERE { $this ?from ?o } # FROM here", False),
        ('SELECT $this WHERE { $this ex:from "SERVICE" ; <urn:from> ?o }', False),
    ],
)
def test_queries_that_reach_out_are_refused(query: str, remote: bool) -> None:
    """FROM and SERVICE are refused as keywords, not inside names, texts or comments."""
    shapes = Graph()
    select = URIRef("http://www.w3.org/ns/shacl#select")
    shapes.add((URIRef("urn:shape"), select, Literal(query)))
    if not remote:
        refuse_remote_queries(shapes)
        return
    with pytest.raises(InputError) as refusal:
        refuse_remote_queries(shapes)
    assert refusal.value.code == "RDF_REMOTE"


@pytest.mark.parametrize(("value", "allowed"), [
    ('"http://example.org/"', True),
    ('"&b;&b;&b;"', False),
    ('SYSTEM "file:///etc/passwd"', False),
    (f'"{"x" * 1001}"', False),
    ('% p "x"', False),
])  # fmt: skip
def test_entities_may_shorten_but_not_grow_or_reach_out(value: str, allowed: bool) -> None:
    """A few lines of nested entities would expand to gigabytes; those of editors are plain."""
    text = SAME["data.rdf"].replace("<rdf:RDF", f"<!DOCTYPE rdf:RDF [<!ENTITY a {value}>]><rdf:RDF")
    if allowed:
        assert 1 == len(parse_graph(text.encode(), "xml", "data.rdf"))
    else:
        with pytest.raises(InputError) as refused:
            parse_graph(text.encode(), "xml", "data.rdf")
        assert "RDF_ENTITY" == refused.value.code
