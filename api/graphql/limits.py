"""What a GraphQL document may be, checked before anything is validated or executed."""

from dataclasses import dataclass
from functools import lru_cache

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    SelectionSetNode,
    Source,
    parse,
)
from graphql.language import Lexer, Token, TokenKind
from graphql.validation.rules import overlapping_fields_can_be_merged as merging

from ontology.errors import InputError

BODY_BYTES = 256 * 1024
CHARACTERS = 64 * 1024
LONGEST_NAME = 100
MOST_DIGITS = 40
DEPTH = 12
ALIASES = 15
TOKENS = 1_000
DIRECTIVES = 50
RESULT_ROWS = 20_000
"""The most rows that one request may read over all its pages, however they are nested."""
SELECTIONS = 5_000
"""The most fields of a document once its fragments are written out."""
_CACHED_DOCUMENTS = 256
merging.MAX_COMPLEXITY_BUDGET = 40_000  # comparing two fields of one name takes two of it


@dataclass(frozen=True, slots=True)
class _Size:
    """Of a selection with its fragments written out."""

    depth: int = 0
    aliases: int = 0
    directives: int = 0
    fields: int = 0

    def beside(self, other: "_Size") -> "_Size":
        return _Size(max(self.depth, other.depth), self.aliases + other.aliases,
                     self.directives + other.directives, self.fields + other.fields)  # fmt: skip


@lru_cache(_CACHED_DOCUMENTS)
def document_within_limits(text: str) -> DocumentNode:
    """The parsed document of a query text, if it is small enough to look at further.

    Aliases, directives, fields and depth are counted with every fragment written out where it
    is spread. Raises InputError `QUERY_LENGTH`, `QUERY_TOKENS`, `QUERY_SYNTAX`, `QUERY_CYCLE`,
    `QUERY_DEPTH`, `QUERY_ALIASES`, `QUERY_DIRECTIVES` or `QUERY_FIELDS`.
    """
    if len(text) > CHARACTERS:
        raise _too_long(f"{CHARACTERS} characters")
    try:
        _check_tokens(text)
        document = parse(text, no_location=False)
    except GraphQLSyntaxError as error:
        raise InputError(
            f"the query cannot be read: {_first_line(error.message)}",
            code="QUERY_SYNTAX",
            hint="correct the GraphQL document",
        ) from error
    except RecursionError as error:
        raise _too_much("nesting", "deep", DEPTH, "QUERY_DEPTH") from error
    _check(document)
    return document


def _check_tokens(text: str) -> None:
    lexer = Lexer(Source(text))
    for _ in range(TOKENS):
        token = lexer.advance()
        if token.kind is TokenKind.EOF:
            return
        _check_token(token)
    if lexer.advance().kind is not TokenKind.EOF:
        raise InputError(f"the query has more than {TOKENS} tokens", code="QUERY_TOKENS",
                         hint="split the query, and pass values as variables")  # fmt: skip


def _check_token(token: Token) -> None:
    """No number is so long that it takes long to read, no name so long that errors repeat it."""
    length = token.end - token.start
    if token.kind is TokenKind.NAME and length > LONGEST_NAME:
        raise _too_long(f"{LONGEST_NAME} characters in a name")
    if token.kind in (TokenKind.INT, TokenKind.FLOAT) and length > MOST_DIGITS:
        raise _too_long(f"{MOST_DIGITS} digits in a number")


def _check(document: DocumentNode) -> None:
    sizes = _Sizes(document)
    whole = _Size()
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode):
            whole = whole.beside(sizes.of(definition))
    if whole.depth > DEPTH:
        raise _too_much("nesting", "deep", DEPTH, "QUERY_DEPTH")
    if whole.aliases > ALIASES:
        raise _too_much("aliases", "many", ALIASES, "QUERY_ALIASES")
    if whole.directives > DIRECTIVES:
        raise _too_much("directives", "many", DIRECTIVES, "QUERY_DIRECTIVES")
    if whole.fields > SELECTIONS:
        raise _too_much("fields", "many", SELECTIONS, "QUERY_FIELDS")


class _Sizes:
    """Sizes by fragment, each worked out once, so a document of doubling fragments costs little."""

    def __init__(self, document: DocumentNode) -> None:
        self._fragments = {
            node.name.value: node
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        self._known: dict[str, _Size] = {}
        self._open: set[str] = set()

    def of(self, definition: OperationDefinitionNode | FragmentDefinitionNode) -> _Size:
        """The size of an operation, or of a fragment through its name."""
        if isinstance(definition, FragmentDefinitionNode):
            return self._fragment(definition.name.value)
        own = len(definition.directives or ())
        own += sum(len(v.directives or ()) for v in definition.variable_definitions or ())
        return self._selections(definition.selection_set).beside(_Size(directives=own))

    def _fragment(self, name: str) -> _Size:
        if name in self._open:
            raise InputError(f"the fragment `{name}` contains itself", code="QUERY_CYCLE",
                             hint="take the fragment out of itself")  # fmt: skip
        if name not in self._fragments:
            return _Size()  # validation names it
        if name not in self._known:
            node = self._fragments[name]
            self._open.add(name)
            size = self._selections(node.selection_set)
            self._open.remove(name)
            self._known[name] = size.beside(_Size(directives=len(node.directives or ())))
        return self._known[name]

    def _selections(self, selection_set: SelectionSetNode | None) -> _Size:
        total = _Size()
        for node in selection_set.selections if selection_set else ():
            own = _Size(directives=len(node.directives or ()))
            if isinstance(node, FragmentSpreadNode):
                inner = self._fragment(node.name.value)
            elif isinstance(node, FieldNode):
                inner = self._selections(node.selection_set)
                own = _Size(inner.depth + 1, int(node.alias is not None), own.directives, 1)
            else:
                inner = self._selections(getattr(node, "selection_set", None))
            total = total.beside(inner).beside(own)
        return total


def _too_long(most: str) -> InputError:
    return InputError(f"the query has more than {most}", code="QUERY_LENGTH",
                      hint="pass values as variables, and leave out comments")  # fmt: skip


def _too_much(what: str, how: str, limit: int, code: str) -> InputError:
    return InputError(f"the query has too {how} {what}: at most {limit}", code=code,
                      hint="split the query")  # fmt: skip


def _first_line(message: str) -> str:
    return (message.splitlines() or [""])[0][:200]
