"""Documents of RDF as feeds: what becomes a row, what is set aside, and what is counted."""

import json
import re
from pathlib import Path

import pytest

from feeds import rdf
from feeds.mapping_text import parse_mapping
from feeds.rdf.linked_json import CONTEXT
from feeds.reading import read
from feeds.refusals import HINTS
from ontology.columns import record_at
from ontology.errors import InputError
from tests.feeds.rdf.worlds import BASE, INV, MAPPING, codes, digests, read_text

NODES = """
<Item/tea> a inv:Item ; inv:baseUnit "each" .
<http://erp.example/1> a inv:Item ; inv:id "mug" ; inv:baseUnit "each" .
_:north a inv:Location ; inv:id "north" ; inv:kind "hub" .
"""
XSD = "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n"
KNOWING = MAPPING.replace("known: []", "known: all")


def test_a_node_is_named_by_its_key_its_iri_or_its_properties(tmp_path: Path) -> None:
    """Law: a reference leads to a fact by our IRI or by any node of the document that is one."""
    text = f"{INV}{NODES}{stock()}\n{stock(item='<http://erp.example/1>')}"
    result = read_text(tmp_path, "facts.ttl", text, KNOWING)
    assert {} == codes(result)
    found = result.tables["StockPosition"]
    assert [("mug", "north", 5), ("tea", "north", 5)] == [
        (row.item, row.location, row.on_hand_units)
        for row in (record_at(found, at) for at in range(2))
    ]
    assert "facts.ttl#StockPosition, row 7" == str(result.source_of("StockPosition", 0))


def test_the_three_ways_to_write_say_the_same(tmp_path: Path) -> None:
    """Law: N-Triples, Turtle and JSON-LD of the same triples are the same facts."""
    inv = "https://w3id.org/evenkeel/inventory#"
    turtle = f'{INV}<Item/tea> a inv:Item ; inv:baseUnit "each" ; inv:shelfLifeDays 30 .'
    triples = (
        f"<{BASE}Item/tea> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{inv}Item> .\n"
        f'<{BASE}Item/tea> <{inv}baseUnit> "each" .\n'
        f'<{BASE}Item/tea> <{inv}shelfLifeDays> "30"^^<http://www.w3.org/2001/XMLSchema#int> .\n'
    )
    linked = {"@context": CONTEXT, "@id": "Item/tea", "@type": "Item", "baseUnit": "each",
              "shelfLifeDays": 30.0}  # fmt: skip
    named = {"@context": {"unit": "inv:baseUnit", "inv": inv, "days": f"{inv}shelfLifeDays"},
             "@id": f"{BASE}Item/tea", "@type": "inv:Item", "unit": "each", "days": 30}  # fmt: skip
    found = [
        digests(read_text(tmp_path, name, text))
        for name, text in (
            ("facts.ttl", turtle), ("facts.nt", triples), ("facts.jsonld", json.dumps(linked)),
            ("facts.jsonld", json.dumps(named)),
            ("items.csv", "id,base_unit,shelf_life_days\ntea,each,30\n"),
        )
    ]  # fmt: skip
    assert [found[0]] * 5 == found


def stock(more: str = "", item: str = "<Item/tea>", units: str = "5") -> str:
    """A stock position on a line."""
    what = f"inv:item {item} ; inv:location _:north ; inv:onHandUnits {units}"
    return f"[] a inv:StockPosition ; {what}{more} ."


FAULTS = [
    (stock(units="5, 6"), "RDF_VALUES"),
    (stock(units='"5"'), "RDF_DATATYPE"),
    (stock(units="5.0"), "RDF_DATATYPE"),
    (stock(units="5e0"), "RDF_DATATYPE"),
    (stock(units="<Item/tea>"), "RDF_DATATYPE"),
    (stock(units="-5"), "NEGATIVE_QUANTITY"),
    (stock(' ; inv:countedOn "2026-03-01"'), "RDF_DATATYPE"),
    (stock(' ; inv:basis "counted"@en'), "RDF_DATATYPE"),
    (stock(' ; inv:basis ""'), "BLANK_CELL"),
    (stock(' ; inv:basis "=1+1"'), "FORMULA_CELL"),
    (stock(item='"tea"'), "RDF_REFERENCE"),
    (stock(item="<Location/tea>"), "RDF_REFERENCE"),
    (stock(item="<../other/Item/tea>"), "RDF_REFERENCE"),
    (stock(item="_:nobody"), "RDF_REFERENCE"),
    (stock(item="<Item/nothing>"), "UNKNOWN_ID"),
    ("[] a inv:StockPosition ; inv:location _:north ; inv:onHandUnits 5 .", "BLANK_CELL"),
    ('<Item/x> a inv:Item ; inv:id "y" .', "RDF_KEY"),
    ('<Lot/x> a inv:Item ; inv:id "x" .', "RDF_KEY"),
    ("<../other/Item/x> a inv:Item .", "RDF_CHAIN"),
    ('<http://erp.example/2> a inv:Item ; inv:baseUnit "each" .', "BLANK_CELL"),
    ("<Lane/l> a inv:Lane ; inv:origin _:north ; inv:destination _:north .", "LANE_TO_ITSELF"),
    ('<Location/p> a inv:Location ; inv:kind "pub" .', "NOT_IN_LIST"),
    ('<Item/box> a inv:Item ; inv:shelfLifeDays "x"^^xsd:integer .', "NOT_AN_INTEGER"),
    ('<Item/bag> a inv:Item ; inv:shelfLifeDays ""^^xsd:integer .', "BLANK_CELL"),
]


def test_what_is_no_fact_is_set_aside(tmp_path: Path) -> None:
    """Law: each fault of a subject sets its row aside with a code, its line and what it said."""
    said = [line for line, _ in FAULTS]
    text = "\n".join([INV + XSD + NODES.strip(), *said])
    result = read_text(tmp_path, "facts.ttl", text, KNOWING)
    first = text.split("\n").index(said[0]) + 1
    found = {int(place.rpartition(":")[2]): code for place, code in codes(result).items()}
    assert {first + at: code for at, (_, code) in enumerate(FAULTS)} == found
    assert {code for _, code in FAULTS} <= HINTS.keys()
    for place, told in zip(codes(result), result.quarantined["text"], strict=True):
        file, row = place.rsplit(":", 1)
        assert f"a inv:{file.partition('#')[2]}" in told
        assert f"a inv:{file.partition('#')[2]}" in said[int(row) - first]


def test_what_is_not_ours_is_counted(tmp_path: Path) -> None:
    """Law: no triple is lost unseen; what no field reads is told by its name, and how often."""
    text = (
        INV
        + """
<http://x/onto> a <http://www.w3.org/2002/07/owl#Ontology> ;
    <http://www.w3.org/2002/07/owl#imports> <file:///etc/hostname> .
<Item/a> a inv:Item ; inv:baseUnit "each" ; inv:colour "red" ; <http://x/size> 5, 6 .
<Item/b> <http://x/size> 5 .
<Plan/p> a inv:Plan .
"""
    )
    expected = {
        "facts.ttl: subjects of the class `http://www.w3.org/2002/07/owl#Ontology`, which no feed "
        "fills": 1,
        "facts.ttl: subjects of the class `Plan`, which no feed fills": 1,
        "facts.ttl: subjects without a class, which no feed fills": 1,
        "facts.ttl: values of `colour`, which no field reads": 1,
        "facts.ttl: values of `http://x/size`, which no field reads": 2,
    }  # fmt: skip
    counts = read_text(tmp_path, "facts.ttl", text).counts
    assert expected == {words: times for words, times in counts.items() if "no f" in words}


def test_a_name_without_a_meaning_is_counted(tmp_path: Path) -> None:
    """Law: a key of JSON-LD that its contexts do not explain is told, not dropped."""
    document = {
        "@context": {"inv": "https://w3id.org/evenkeel/inventory#", "unit": "inv:baseUnit"},
        "@id": "Item/tea", "@type": "inv:Item", "unit": "each", "colour": "red",
    }  # fmt: skip
    counts = read_text(tmp_path, "facts.jsonld", json.dumps(document)).counts
    assert 1 == counts["facts.jsonld: values of `colour`, which no field reads"]


def test_subjects_of_one_line_are_counted_by_their_place(tmp_path: Path) -> None:
    """Law: a row's number leads to one subject, even where a line says several."""
    text = INV + "<Item/a> a inv:Item ; inv:shelfLifeDays -1 . <Item/b> a inv:Item .\n"
    result = read_text(tmp_path, "facts.ttl", text)
    assert {"facts.ttl#Item:1": "NEGATIVE_QUANTITY"} == codes(result)
    assert result.quarantined["text"][0].startswith(f"<{BASE}Item/a> a inv:Item")
    assert "facts.ttl#Item, row 2" == str(result.source_of("Item", 0))


def test_blank_nodes_have_the_same_names_each_time(tmp_path: Path) -> None:
    """Law 8: what a row says in the quarantine does not change from reading to reading."""
    linked = json.dumps({"@context": CONTEXT, "@graph": [{"@type": "Item"}, {"@type": "Lane"}]})
    for name, text in (("facts.ttl", f"{INV}[] a inv:Item . [] a inv:Lane ."),
                       ("facts.jsonld", linked)):  # fmt: skip
        found = [read_text(tmp_path, name, text).quarantined["text"].tolist() for _ in range(2)]
        assert [["_:b1 a inv:Item .", "_:b2 a inv:Lane ."]] * 2 == found


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ("{file: facts.ttl, principal: {class: Item, fields: by_header}}", "MAPPING"),
        ("{file: facts.txt, format: rdf}", "WRONG_FORMAT"),
        ("{file: facts.ttl, sheet: A}", "MAPPING"),
    ],
)
def test_a_mapping_that_fits_no_document_is_refused(lines: str, code: str) -> None:
    """Law: what a mapping says of a document must mean something."""
    text = MAPPING.replace("files: by_class", f"files:\n  - {lines}")
    with pytest.raises(InputError) as caught:
        parse_mapping(text.encode(), "m.yaml")
    assert caught.value.code.startswith(code)


def test_a_document_and_tables_go_together(tmp_path: Path) -> None:
    """Law: a delivery holds tables and documents; `.json` is RDF where the mapping says so."""
    mapping = MAPPING.replace(
        "files: by_class",
        "files:\n  - {file: places.json, format: rdf}\n"
        "  - {file: items.csv, principal: {class: Item, fields: by_header}}",
    )
    (tmp_path / "items.csv").write_text("id,base_unit\ntea,each\n")
    place = {"@context": CONTEXT, "@type": "Location", "id": "north", "kind": "hub"}
    (tmp_path / "places.json").write_text(json.dumps(place))
    result = read([tmp_path], parse_mapping(mapping.encode(), "m.yaml"))
    assert {"Item": 1, "Location": 1} == {name: len(t) for name, t in result.tables.items()}


def test_a_document_that_nobody_names_is_refused(tmp_path: Path) -> None:
    """Law: in a folder that is read by class, no document is left unread unseen."""
    (tmp_path / "items.csv").write_text("id,base_unit\ntea,each\n")
    (tmp_path / "more.ttl").write_text(INV)
    with pytest.raises(InputError) as caught:
        read([tmp_path], parse_mapping(MAPPING.encode(), "m.yaml"))
    assert "FILE_NOT_MAPPED" == caught.value.code


def test_the_guide_works_as_written(tmp_path: Path) -> None:
    """Law: the mapping and the document of the guide load whole, and every code is told there."""
    guide = (Path(__file__).parents[3] / "docs/integrating.md").read_text()
    section = guide[guide.index("\n## RDF\n") :].partition("\n## What is checked")[0]
    mapping = section.split("```yaml\n", 1)[1].split("```", 1)[0]
    document = section.split("```turtle\n", 1)[1].split("```", 1)[0]
    result = read_text(tmp_path, "facts.ttl", document, mapping)
    assert {} == codes(result)
    assert 80 == record_at(result.tables["StockPosition"], 0).on_hand_units
    source = "".join(path.read_text() for path in sorted(Path(rdf.__path__[0]).glob("*.py")))
    raised = set(re.findall(r'"((?:RDF|TOO)_[A-Z_]+)"', source)) - HINTS.keys()
    assert {"RDF_IRI", "TOO_MANY_TRIPLES"} < raised
    assert [] == sorted(code for code in raised if f"`{code}`" not in section)
