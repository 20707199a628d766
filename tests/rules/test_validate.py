"""A validation says everything, reads no bare verdict, and fails where a shape cannot be used."""

import logging

import pytest

from ontology.errors import InputError
from rules.reading import parse_graph
from rules.validate import result_documents, validate

PREFIXES = """
@prefix ex: <http://example.org/> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
"""
DATA = 'ex:a a ex:Thing ; ex:size -1 ; ex:part [ ex:name "x" ] , [ ex:name "y" ] .'
SHAPE = "ex:S sh:targetClass ex:Thing ; "


def graph(text: str):
    return parse_graph((PREFIXES + text).encode(), "turtle", "text")


def test_an_info_alone_is_found_and_does_not_block() -> None:
    """Severity is the disposition: an Info is in the report, and the report does not block."""
    shape = SHAPE + "sh:severity sh:Info ; sh:path ex:size ; sh:minInclusive 0 ."
    report = validate(graph(DATA), graph(shape))
    assert ["Info"] == [finding.severity for finding in report.findings]
    assert not report.blocks
    assert (("http://example.org/S", 1),) == report.focus_counts


def test_a_result_document_has_the_agreed_keys_and_full_iris() -> None:
    """The document that `validate --json` prints: nothing abbreviated, null where nothing is."""
    shape = SHAPE + 'sh:path ex:size ; sh:minInclusive 0 ; sh:message "too small" .'
    expected = {
        "focusNode": "http://example.org/a",
        "resultPath": "http://example.org/size",
        "value": "-1",
        "valueDatatype": "http://www.w3.org/2001/XMLSchema#integer",
        "valueLanguage": None,
        "sourceConstraintComponent": "http://www.w3.org/ns/shacl#MinInclusiveConstraintComponent",
        "resultSeverity": "http://www.w3.org/ns/shacl#Violation",
        "sourceShape": "http://example.org/S",
        "resultMessage": "too small",
    }
    assert [expected] == result_documents(graph(DATA), graph(shape))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("( ex:b ex:c )", "<http://example.org/b>/<http://example.org/c>"),
        ("[ sh:inversePath ex:b ]", "^<http://example.org/b>"),
        ("[ sh:alternativePath ( ex:b [ sh:zeroOrMorePath ex:c ] ) ]",
         "<http://example.org/b>|(<http://example.org/c>*)"),
        ("( [ sh:oneOrMorePath ex:b ] [ sh:zeroOrOnePath ( ex:b ex:c ) ] )",
         "(<http://example.org/b>+)/((<http://example.org/b>/<http://example.org/c>)?)"),
    ],
)  # fmt: skip
def test_complex_paths_are_written_as_in_sparql(path: str, text: str) -> None:
    """A path that is no predicate has the text of SPARQL 1.1, with full IRIs."""
    shape = f"ex:S sh:targetNode ex:a ; sh:path {path} ; sh:minCount 9 ."
    assert [text] == [row["resultPath"] for row in result_documents(graph(DATA), graph(shape))]


def test_blank_nodes_have_the_same_labels_in_every_run_and_order() -> None:
    """A label depends on the graph alone, tells different nodes apart, and numbers equal ones."""
    shape = SHAPE + "sh:property [ sh:path ex:part ; sh:nodeKind sh:IRI ] ."
    turned = 'ex:a ex:part [ ex:name "y" ] , [ ex:name "x" ] ; ex:size -1 ; a ex:Thing .'
    first, second = (result_documents(graph(text), graph(shape)) for text in (DATA, turned))
    assert first == second
    assert len({row["value"] for row in first}) == 2
    twins = DATA.replace('"y"', '"x"')
    values = sorted(row["value"] for row in result_documents(graph(twins), graph(shape)))
    assert values[0] + "-2" == values[1]


def test_equal_shapes_of_two_rules_have_two_labels() -> None:
    """A nested shape without a name is labelled by the rule in which it stands, too."""
    part = "sh:property [ sh:path ex:size ; sh:minInclusive 0 ] ."
    shapes = graph(f"{SHAPE}{part}\nex:T sh:targetClass ex:Thing ; {part}")
    labels = {row["sourceShape"] for row in result_documents(graph(DATA), shapes)}
    assert len(labels) == 2
    assert not any("-" in label for label in labels)


@pytest.mark.parametrize(
    "body",
    [
        "sh:path ex:size ; sh:minCount 1 , 2 .",
        'sh:path ex:size ; sh:pattern "(" .',
        "sh:path [ sh:inversePath 1 ] ; sh:minCount 1 .",
        "sh:property ex:Nowhere .",
        "sh:qualifiedValueShape [ sh:nodeKind sh:IRI ] ; sh:qualifiedMinCount 1 .",
        "sh:node ex:S .",
        "sh:target [ a sh:SPARQLTarget ] .",
        'sh:sparql [ sh:select "SELECT $this WHERE { $this ?p }" ] .',
        'sh:sparql [ sh:select "SELECT $this WHERE { $this ?p ?o MINUS { $this ?p 1 } }" ] .',
    ],
)
def test_shapes_that_cannot_be_evaluated_are_an_error(body: str) -> None:
    """Law 7: a rule that cannot be evaluated blocks, also where pySHACL only skips it."""
    with pytest.raises(InputError) as refusal:
        validate(graph(DATA), graph(SHAPE + body))
    assert refusal.value.code == "SHAPES_UNUSABLE"


def test_what_is_skipped_blocks_where_logging_is_off() -> None:
    """A library that switches off all logging of the process does not open a rule (law 7)."""
    logging.disable(logging.CRITICAL)
    try:
        with pytest.raises(InputError):
            validate(graph(DATA), graph(SHAPE + "sh:qualifiedValueShape [ sh:nodeKind sh:IRI ] ; "
                                        "sh:qualifiedMinCount 1 ."))  # fmt: skip
    finally:
        logging.disable(logging.NOTSET)


def test_what_a_graph_imports_is_not_fetched() -> None:
    """owl:imports and sh:shapesGraph are triples like any other."""
    text = "<urn:o> <http://www.w3.org/2002/07/owl#imports> <http://127.0.0.1:9/x> ."
    shape = f"{SHAPE}sh:path ex:size ; sh:minInclusive 0 . {text}"
    assert len(validate(graph(DATA + text), graph(shape)).findings) == 1


def test_a_graph_that_branches_without_end_is_labelled_all_the_same() -> None:
    """Blank nodes that double at each of forty levels do not double the work at each."""
    ladder = " ".join(f"_:n{n} ex:l _:n{n + 1} ; ex:r _:n{n + 1} ." for n in range(40))
    shape = "ex:S sh:targetObjectsOf ex:top ; sh:nodeKind sh:IRI ."
    rows = result_documents(graph(f"ex:a ex:top _:n0 . {ladder}"), graph(shape))
    assert len(rows) == 1
