"""Laws of what is generated: it is what the schema gives today, and what does not fit is told."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from evenkeel_client import generating
from evenkeel_client.answers import inputs, lines
from evenkeel_client.asking import as_json
from evenkeel_client.generating import texts
from evenkeel_client.shapes import DocumentError

CLIENT = Path(generating.__file__).parent
SCHEMA = Path(__file__).parents[2] / "api" / "graphql" / "schema.graphql"
DOCUMENTS = {one.stem: one.read_text("utf-8") for one in (CLIENT / "documents").glob("*.graphql")}


def test_what_stands_is_what_the_schema_gives() -> None:
    """Else: python -m evenkeel_client.generating --schema api/graphql/schema.graphql"""
    made = texts(SCHEMA.read_text("utf-8"), DOCUMENTS)
    assert made == {
        one.name: one.read_text("utf-8")
        for one in (CLIENT / "answers").glob("*.py")
        if one.name != "__init__.py"
    }


def test_a_schema_that_changed_is_seen() -> None:
    """A field that may be absent has another type; one that is gone is told by its name."""
    schema = SCHEMA.read_text("utf-8")
    looser = schema.replace("  leadTimeDays: BigInt!\n", "  leadTimeDays: BigInt\n")
    made = texts(looser, DOCUMENTS)["facts.py"]
    assert "lead_time_days: int | None" in made
    with pytest.raises(DocumentError, match="leadTimeDays"):
        texts(schema.replace("  leadTimeDays: BigInt!\n", ""), DOCUMENTS)


SMALL = """
scalar Date
interface Line { number: Int! }
type Move implements Line { number: Int! on: Date to: [String!] }
type Buy implements Line { number: Int! from: String! }
type LineEdge { node: Line! cursor: String! }
type PageInfo { hasNextPage: Boolean! endCursor: String }
type LineConnection { edges: [LineEdge!]! pageInfo: PageInfo! }
input How { in: [[Int!]!] = [[1, 2]] word: Word = FAST note: String = null dryRun: Boolean! }
enum Word { FAST SLOW }
type Done { ok: Boolean! }
type Refused { code: String! message: String! hint: String! }
union Outcome = Done | Refused
type Query { lines(first: Int, after: String): LineConnection! line(number: Int!): Line }
type Mutation { go(how: How!): Outcome! }
"""
ASKED = """
query Lines($first: Int, $after: String) {
  lines(first: $first, after: $after) {
    edges { node { __typename number ... on Move { on to } ... on Buy { from } } }
    pageInfo { hasNextPage endCursor }
  }
}
query One($number: Int!) { line(number: $number) { number } }
mutation Go($how: How!) { go(how: $how) { __typename ... on Done { ok } ... on Refused { code } } }
"""


@pytest.fixture
def small(tmp_path: Path) -> ModuleType:
    """The module of a document of one's own, and its inputs beside it."""
    made = texts(SMALL, {"mine": ASKED}, "own_answers")
    (tmp_path / "own_answers").mkdir()
    for name, text in made.items():
        (tmp_path / "own_answers" / name).write_text(text)
    (tmp_path / "own_answers" / "__init__.py").touch()
    sys.path.insert(0, str(tmp_path))
    try:
        return importlib.import_module("own_answers.mine")
    finally:
        sys.path.remove(str(tmp_path))
        for name in [name for name in sys.modules if name.startswith("own_answers")]:
            del sys.modules[name]


def test_variants_are_classes_of_their_own(small: ModuleType) -> None:
    """By the name of their type; one that is not known yet has what all have."""
    told = {"__typename": "Move", "number": 1, "on": "2026-03-02", "to": None}
    move = small.Lines.of(told)
    assert ("LinesMove", "2026-03-02", None) == (type(move).__name__, str(move.on), move.to)
    assert "x" == small.Lines.of({"__typename": "Buy", "number": 2, "from": "x"}).from_
    new = small.Lines.of({"__typename": "Swap", "number": 3})
    assert ("Lines", 3) == (type(new).__name__, new.number)


def test_inputs_are_sent_as_far_as_they_are_not_the_default(small: ModuleType) -> None:
    """Names as the schema has them; what is needed is always sent."""
    how = small.How
    assert {"dryRun": False} == as_json(how(dry_run=False))
    assert {"dryRun": True, "in": [[3]]} == as_json(how(dry_run=True, in_=[[3]]))
    assert {"dryRun": True, "word": "SLOW"} == as_json(how(dry_run=True, word="SLOW"))


UNFIT = {
    "an unknown field": ("query A { line(number: 1) { colour } }", "colour"),
    "no name": ("{ line(number: 1) { number } }", "no name"),
    "two at once": ("query A { a: line(number: 1) { number } b: line(number: 2) { number } }",
                    "2 things"),
    "variants without a name": (
        "query A { line(number: 1) { number ... on Buy { from } } }", "__typename"),
    "no list": ("""query A($first: Int, $after: String) {
        lines(first: $first, after: $after) { pageInfo { hasNextPage } } }""", "edges"),
    "no document": ("query {", "Syntax Error"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNFIT)
def test_a_document_that_does_not_fit_is_told(name: str) -> None:
    """With the word that is wrong, and no traceback from the command."""
    document, word = UNFIT[name]
    with pytest.raises(DocumentError, match=word):
        texts(SMALL, {"mine": document})


def test_what_is_generated_needs_no_generator() -> None:
    """The client runs without graphql-core: the modules that it loads import none."""
    assert {"graphql"} & set(vars(lines)) == set() == {"graphql"} & set(vars(inputs))
