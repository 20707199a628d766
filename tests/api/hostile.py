"""What a hostile caller sends to /graphql, each with the status and the code that it must get."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

import orjson

JSON = {"Content-Type": "application/json"}
TELLS = {"Accept": "application/graphql-response+json"}
"""Takes answers whose status tells whether a query ran at all."""
MILLION = 10**6


@dataclass(frozen=True)
class Attack:
    """A request, and what it is answered."""

    status: int
    code: str
    content: bytes = b""
    method: str = "POST"
    path: str = "/graphql"
    headers: Mapping[str, str] = field(default_factory=dict)

    def another(self, number: int) -> bytes:
        """The same content with so many spaces more before its document, which no cache knows."""
        return self.content.replace(b'"query":"', b'"query":"' + b" " * number, 1)

    @property
    def all_headers(self) -> dict[str, str]:
        """Those of a well-formed request, unless it says otherwise."""
        return TELLS | (JSON if self.method == "POST" else {}) | dict(self.headers)


def query(text: str, status: int = 400, code: str = "QUERY_INVALID", **variables: object) -> Attack:
    """A document, with variables."""
    asked = {"query": text} | ({"variables": variables} if variables else {})
    return Attack(status, code, orjson.dumps(asked))


def body(content: bytes, status: int = 400, code: str = "NOT_JSON", **headers: str) -> Attack:
    """A body that may be no request at all."""
    return Attack(status, code, content, headers=headers)


def get(parameters: str, status: int = 400, code: str = "BAD_REQUEST") -> Attack:
    """A request in the address."""
    return Attack(status, code, method="GET", path=f"/graphql?{parameters}")


def chained(count: int, spread: str = "...f{0}", leaf: str = "a: __typename") -> str:
    """Fragments, each spreading the next."""
    parts = " ".join(
        f"fragment f{at} on Query {{ {spread.format(at + 1)} }}" for at in range(count)
    )
    return f"{{ ...f0 }} {parts} fragment f{count} on Query {{ {leaf} }}"


def beside(count: int, selection: str) -> str:
    """Fragments with the same fields, all spread in one place."""
    spreads = " ".join(f"...f{at}" for at in range(count))
    parts = " ".join(f"fragment f{at} on Query {{ {selection} }}" for at in range(count))
    return f"{{ {spreads} }} {parts}"


def wrapped(depth: int, inner: str = "id") -> str:
    """A field that stands so deep in others."""
    return "{" + "a{" * depth + inner + "}" * depth + "}"


ROWS = "query($of: RowsInput!) { rows(of: $of) { edges { cursor } } }"
SENDS_ROWS = 'mutation($r: [JSON!]) { syncFeed(input: {source: "x", rows: $r}) { __typename } }'
SHOWS_COLUMNS = """query($v: [String!]!) {
    rows(of: {facts: {chain: "x", className: "Item"}, columns: $v}) { edges { cursor } } }"""
FACTS = {"chain": "two_hubs", "className": "Item"}


def where(values: int) -> dict[str, object]:
    """A condition with so many values."""
    return {"facts": FACTS, "where": {"column": "key", "is": "ONE_OF", "values": ["x"] * values}}


def nested(depth: int) -> bytes:
    """A request whose variables stand so deep in each other."""
    inner = b'{"all":[' * depth + b"{}" + b"]}" * depth
    return (b'{"query":' + orjson.dumps(ROWS) + b',"variables":{"of":{"facts":'
            + orjson.dumps(FACTS) + b',"where":' + inner + b"}}}")  # fmt: skip


ITEMS = '{{ items(chain: "two_hubs", {0}) {{ edges {{ cursor }} }} }}'
SYNTAX, TOKENS, DEPTH = "QUERY_SYNTAX", "QUERY_TOKENS", "QUERY_DEPTH"
LENGTH, OVERLAP, FIELDS = "QUERY_LENGTH", "QUERY_OVERLAP", "QUERY_FIELDS"
VARIABLES, PARTS = "QUERY_VARIABLES", "JSON_PARTS"

DOCUMENTS: dict[str, Attack] = {
    "1,000 duplicate fields": query("{" + "__typename " * 1_000 + "}", code=TOKENS),
    "998 duplicate fields": query("{" + "__typename " * 998 + "}", code=OVERLAP),
    "duplicate fields with arguments": query(
        "{" + 'items(chain: "two_hubs") { edges { cursor } } ' * 70 + "}", 200, ""),
    "duplicate fields within duplicate fields": query(
        "{" + ("chains {" + "name " * 29 + "} ") * 30 + "}", code=OVERLAP),
    "duplicates within inline fragments": query(
        "{" + ("... on Query {" + "... { __typename } " * 5 + "} ") * 38 + "}", 200, ""),
    "fragments of the same fields": query(
        beside(50, "x: __typename head { root }"), code="QUERY_ALIASES"),
    "fragments that overlap": query(
        beside(45, "chains { name id feeds } head { root }"), 200, ""),
    "fragments that overlap in fragments": query(
        "{" + " ".join(f"...f{n}" for n in range(30)) + "}" + " ".join(
            f"fragment f{n} on Query {{ chains {{ name feeds }} ...f{n + 30} }}"
            for n in range(30)) + " ".join(
            f"fragment f{n} on Query {{ chains {{ name feeds }} }}" for n in range(30, 60)),
        200, ""),
    "conflicts of all with all": query(
        "{" + " ".join(f'items(chain: "{n}") {{ edges {{ cursor }} }}' for n in range(70)) + "}"),
    "cyclic fragments": query(
        "{...a} fragment a on Query{...b} fragment b on Query{...a}", code="QUERY_CYCLE"),
    "a long cycle of fragments": query(
        chained(120, leaf="...f0"), code="QUERY_CYCLE"),
    "a fragment of itself": query("{...a} fragment a on Query{...a}", code="QUERY_CYCLE"),
    "deep fragments": query(
        chained(60, "chains {{ ...f{0} }}").replace("on Query", "on Chain"), code=DEPTH),
    "doubling fragments": query(chained(60, "...f{0} ...f{0}"), code="QUERY_ALIASES"),
    "doubling fragments of fields": query(
        chained(60, "...f{0} ...f{0}", "__typename"), code=FIELDS),
    "fragments that nobody uses": query(
        "{__typename}" + " ".join(f"fragment f{n} on Query {{ head {{ root }} }}"
                                  for n in range(90))),
    "deep nesting": query(wrapped(150), code=DEPTH),
    "nesting without an end": query("{a" * 60_000, code=PARTS),
    "nesting deeper than the parser goes": query("{a" * 499, code=SYNTAX),
    "a list deeper than the parser goes": query(
        "{node(id:" + "[" * 480 + "]" * 480 + "){id}}", code=SYNTAX),
    "an object deeper than the parser goes": query(
        "{node(id:" + "{a:" * 320 + "1" + "}" * 320 + "){id}}", code=TOKENS),
    "a type of lists of lists": query(
        "query($a:" + "[" * 480 + "Int" + "]" * 480 + "){__typename}", code=SYNTAX),
    "a type of 150 lists": query(
        "query($a:" + "[" * 150 + "Int" + "]" * 150 + "){node(id:$a){id}}"),
    "5,000 aliases": query(
        "{" + " ".join(f"a{n}: __typename" for n in range(5_000)) + "}", code=LENGTH),
    "330 aliases": query(
        "{" + " ".join(f"a{n}: __typename" for n in range(330)) + "}", code="QUERY_ALIASES"),
    "aliases of what is costly": query(
        "{" + " ".join(f'a{n}: items(chain: "x") {{ edges {{ cursor }} }}' for n in range(60))
        + "}", code="QUERY_ALIASES"),
    "a comment of 5 MB": query(
        "#" + "x" * 5 * MILLION + "\n{__typename}", 413, "BODY_TOO_LARGE"),
    "a comment of 250 KB": query("#" + "x" * 250_000 + "\n{__typename}", code=LENGTH),
    "250,000 commas": query("{__typename" + "," * 250_000 + "}", code=LENGTH),
    "120,000 lines": query("{__typename" + "\n" * 120_000 + "}", code=LENGTH),
    "300 directives": query("{ __typename " + "@include(if: true) " * 140 + "}",
                            code="QUERY_DIRECTIVES"),
    "unknown directives": query("{ __typename " + "@a " * 480 + "}", code="QUERY_DIRECTIVES"),
    "a directive twice": query("{ __typename @skip(if: false) @skip(if: false) }"),
    "a directive with a huge argument": query(
        '{ __typename @include(if: "' + "x" * 30_000 + '") }'),
    "introspection": query("{__schema{types{name}}}"),
    "introspection of a type": query('{__type(name:"Plan"){name}}'),
    "introspection by a fragment": query("{...a} fragment a on Query{__schema{types{name}}}"),
    "introspection by an alias": query("{a:__schema{b:types{c:name}}}"),
    "introspection of introspection": query(
        "{__schema{types{fields{type{fields{type{fields{type{fields{type{name}}}}}}}}}}}"),
    "introspection in a mutation": query("mutation{__schema{types{name}}}"),
    "a field of 60,000 letters": query("{" + "x" * 60_000 + "}", code=LENGTH),
    "300 fields of 100 letters": query(
        "{" + " ".join("x" * 97 + str(n) for n in range(100, 400)) + "}"),
    "an alias of 60,000 letters": query("{" + "x" * 60_000 + ": nothing}", code=LENGTH),
    "a fragment of 30,000 letters": query("{..." + "x" * 30_000 + "}", code=LENGTH),
    "a type of 60,000 letters": query("{...on " + "x" * 60_000 + "{a}}", code=LENGTH),
    "an argument of 60,000 letters": query("{head(" + "x" * 60_000 + ":1){root}}", code=LENGTH),
    "an enum of 60,000 letters": query("{node(id:" + "x" * 60_000 + "){id}}", code=LENGTH),
    "a variable of 30,000 letters": query(
        "query($" + "x" * 30_000 + ":String){node(id:$y){id}}", code=LENGTH),
    "a string of 60,000 letters": query('{head(a:"' + "x" * 60_000 + '"){root}}'),
    "10,000 escapes": query('{head(a:"' + "\\u00e9" * 10_000 + '"){root}}'),
    "a block of 60,000 lines": query('{head(a:"""' + "\n" * 60_000 + '"""){root}}'),
    "a block of deep lines": query('{head(a:"""' + (" " * 200 + "x\n") * 300 + '"""){root}}'),
    "half a surrogate": query('{node(id:"\\ud800"){id}}', code=SYNTAX),
    "a code point beyond Unicode": query('{node(id:"\\u{110000}"){id}}', code=SYNTAX),
    "60,000 digits": query(ITEMS.format("first: " + "9" * 60_000), code=LENGTH),
    "60,000 digits of an id": query("{node(id:" + "9" * 60_000 + "){id}}", code=LENGTH),
    "60,000 digits within JSON": query(
        'mutation{syncFeed(input:{source:"x",rows:[{a:' + "9" * 60_000 + "}]}){__typename}}",
        code=LENGTH),
    "60,000 digits behind a point": query(ITEMS.format("first: 1." + "9" * 60_000), code=LENGTH),
    "an exponent without an end": query(ITEMS.format("first: 1e" + "9" * 60_000), code=LENGTH),
    "40 digits": query(ITEMS.format("first: " + "9" * 40)),
    "40 digits of a big number": query(
        'mutation{syncFeed(input:{source:"x",text:"",sequence:' + "9" * 40 + "}){__typename}}",
        code="NUMBER_RANGE"),
    "240 variables": query(
        "query(" + "".join(f"$a{n}:Int " for n in range(240)) + "){__typename}"),
    "a variable 240 times": query("query(" + "$a:Int " * 240 + "){__typename}"),
    "a variable with a huge default": query(
        "query($a:[Int]=[" + "1 " * 900 + "]){node(id:$a){id}}"),
    "240 operations": query("".join(f"query a{n}{{__typename}} " for n in range(190))),
    "one operation 190 times": query("query a{__typename} " * 190),
    "a subscription over plain HTTP": query("subscription{a{b}}", code="QUERY_STREAMS"),
    "a schema in the query": query("type Query{a:Int} {__typename}"),
    "every error at once": query("{" + " ".join(f"a{n}(b{n}:$c{n}){{d}}" for n in range(90)) + "}"),
    "bytes that are no words": query("\x00" * 10_000, code=SYNTAX),
}  # fmt: skip

BODIES: dict[str, Attack] = {
    "5 MB of brackets": body(b"[" * 5 * MILLION, 413, "BODY_TOO_LARGE"),
    "250 KB of brackets": body(b"[" * 250_000, 400, PARTS),
    "250 KB of closed brackets": body(b"[" * 125_000 + b"]" * 125_000, 400, PARTS),
    "15,000 brackets": body(b"[" * 15_000),
    "malformed UTF-8": body(b'{"query":"{__typename}\xff"}'),
    "250 KB of malformed UTF-8": body(b'{"query":"' + b"\xc3\x28" * 120_000 + b'"}'),
    "overlong UTF-8": body(b'{"query":"\xc0\xaf"}'),
    "a lone surrogate": body(b'{"query":"\\ud800"}'),
    "a lone surrogate in a variable": body(
        b'{"query":"query($d:String!){plan(digest:$d){id}}","variables":{"d":"\\udfff"}}'),
    "a surrogate as UTF-8": body(b'{"query":"\xed\xa0\x80"}'),
    "a byte order mark": body(b'\xef\xbb\xbf{"query":"{__typename}"}'),
    "UTF-16": body('{"query":"{__typename}"}'.encode("utf-16")),
    "a million digits": body(
        b'{"query":"{__typename}","variables":{"a":' + b"9" * MILLION + b"}}",
        413, "BODY_TOO_LARGE"),
    "250,000 digits": body(
        b'{"query":"query($a:Int!){chains(first:$a){id}}","variables":{"a":' + b"9" * 250_000
        + b"}}"),
    "5,000 digits": body(
        b'{"query":"query($a:Int!){items(chain:\\"x\\",first:$a){edges{cursor}}}",'
        b'"variables":{"a":' + b"9" * 5_000 + b"}}"),
    "a number beyond 64 bits": body(
        b'{"query":"query($a:Int!){items(chain:\\"x\\",first:$a){edges{cursor}}}",'
        b'"variables":{"a":99999999999999999999}}', 400, "QUERY_INVALID"),
    "no number": body(b'{"query":"{__typename}","variables":{"a":NaN}}'),
    "infinity": body(b'{"query":"{__typename}","variables":{"a":1e999999}}'),
    "a key twice": body(b'{"query":"{__typename}","query":"{head{root}}"}', 400, "JSON_REPEATED"),
    "a key of variables twice": body(
        b'{"query":"{__typename}","variables":{"a":1,"a":2}}', 400, "JSON_REPEATED"),
    "20,000 keys twice": body(
        b'{"query":"{__typename}","variables":{' + b'"a":1,' * 20_000 + b'"a":2}}',
        400, "JSON_REPEATED"),
    "20,000 keys": body(
        b'{"query":"{__typename}",'
        + b",".join(b'"a%d":1' % n for n in range(20_000)) + b"}", 200, ""),
    "a batch": body(b'[{"query":"{__typename}"},{"query":"{__typename}"}]', 400, "BATCH_OFF"),
    "a batch of 9,000": body(
        b"[" + b",".join([b'{"query":"{__typename}"}'] * 9_000) + b"]", 400, "BATCH_OFF"),
    "variables of 5 MB": body(
        b'{"query":"{__typename}","variables":{"a":"' + b"x" * 5 * MILLION + b'"}}',
        413, "BODY_TOO_LARGE"),
    "60,000 values": query(ROWS, code=VARIABLES, of=where(60_000)),
    "5,000 values": query(ROWS, 200, "CONDITION_INVALID", of=where(5_000)),
    "10,000 empty conditions": query(
        ROWS, code=VARIABLES, of={"facts": FACTS, "where": {"all": [{}] * 10_000}}),
    "500 empty conditions": query(
        ROWS, 200, "CONDITION_INVALID", of={"facts": FACTS, "where": {"all": [{}] * 500}}),
    "30,000 conditions that are none": query(
        ROWS, code=VARIABLES, of={"facts": FACTS, "where": {"all": [7] * 30_000}}),
    "400 conditions that are none": query(
        ROWS, of={"facts": FACTS, "where": {"all": [7] * 400}}),
    "60,000 rows that are none": query(SENDS_ROWS, code=PARTS, r=[[]] * 60_000),
    "15,000 rows that are none": query(SENDS_ROWS, code=VARIABLES, r=[[]] * 15_000),
    "60,000 wrong values": query(SHOWS_COLUMNS, code=PARTS, v=[{}] * 60_000),
    "15,000 wrong values": query(SHOWS_COLUMNS, code=VARIABLES, v=[{}] * 15_000),
    "5,000 wrong values": query(SHOWS_COLUMNS, v=[{}] * 5_000),
    "9,000 unknown fields": query(ROWS, code=VARIABLES, of={f"a{n}": n for n in range(9_000)}),
    "900 unknown fields": query(ROWS, of={f"a{n}": n for n in range(900)}),
    "an unknown field of 200,000 letters": query(ROWS, of={"x" * 200_000: 1}),
    "an enum of 200,000 letters": query(
        ROWS, of={"facts": FACTS, "where": {"column": "key", "is": "x" * 200_000}}),
    "variables nested 400 deep": body(nested(200), 400, VARIABLES),
    "variables nested 900 deep": body(nested(450), 400, VARIABLES),
    "variables nested 16,000 deep": body(nested(8_000)),
    "variables nested 40,000 deep": body(nested(20_000), 400, PARTS),
    "a list of lists of lists": query(ROWS, code="QUERY_INVALID", of=[[[[[[[[[[[]]]]]]]]]]]),
    "variables that are no object": body(
        b'{"query":"{__typename}","variables":[]}', 400, "BAD_REQUEST"),
    "extensions that are no object": body(
        b'{"query":"{__typename}","extensions":7}', 400, "BAD_REQUEST"),
    "an operation of 200,000 letters": body(orjson.dumps(
        {"query": "query a{__typename}", "operationName": "x" * 200_000}), 400, "QUERY_INVALID"),
    "no query": body(b"{}", 400, "BAD_REQUEST"),
    "no object": body(b"7", 400, "BAD_REQUEST"),
    "a string": body(b'"' + b"x" * 250_000 + b'"', 400, "BAD_REQUEST"),
    "a form": body(b"query={__typename}", 415, "MEDIA_TYPE",
                   **{"Content-Type": "application/x-www-form-urlencoded"}),
    "another charset": body(b"{}", 415, "MEDIA_TYPE",
                            **{"Content-Type": "application/json; charset=utf-7"}),
    "compressed": body(b"\x1f\x8b" * 1_000, 415, "MEDIA_TYPE", **{"Content-Encoding": "gzip"}),
    "5,000 media types": Attack(
        406, "NOT_ACCEPTABLE", b'{"query":"{__typename}"}',
        headers={"Accept": ",".join(["a/b;q=0.1"] * 5_000)}),
    "a weight that is none": Attack(
        406, "NOT_ACCEPTABLE", b'{"query":"{__typename}"}',
        headers={"Accept": "application/json;q=" + "9" * 30_000}),
}  # fmt: skip

ADDRESSES: dict[str, Attack] = {
    "a mutation": get("query=" + quote('mutation{makePlan(input:{chain:"x"}){__typename}}'),
                      405, "METHOD_NOT_ALLOWED"),
    "nothing": get(""),
    "a query twice": get("query={__typename}&query={__typename}"),
    "9,000 parameters": get("&".join(f"a{n}=" for n in range(9_000))),
    "20,000 empty parameters": get("a&" * 20_000),
    "malformed UTF-8": get("query=%ff%fe{__typename}", code=SYNTAX),
    "a surrogate as UTF-8": get("query=%ed%a0%80", code=SYNTAX),
    "a long comment": get("query=%23" + "x" * 60_000, code=SYNTAX),
    "50,000 commas": get("query={__typename" + "," * 50_000 + "}", 200, ""),
    "half an escape": get("query=%", code=SYNTAX),
    "variables that are no JSON": get("query={__typename}&variables={", code="NOT_JSON"),
    "variables with a key twice": get(
        "query={__typename}&variables=" + quote('{"a":1,"a":2}'), code="JSON_REPEATED"),
    "variables of brackets": get("query={__typename}&variables=" + "[" * 50_000, code=PARTS),
    "duplicate fields": get("query={" + "__typename%20" * 998 + "}", code=OVERLAP),
    "introspection": get("query=" + quote("{__schema{types{name}}}"), code="QUERY_INVALID"),
}  # fmt: skip

ATTACKS: dict[str, Attack] = (
    {f"document: {name}": attack for name, attack in DOCUMENTS.items()}
    | {f"body: {name}": attack for name, attack in BODIES.items()}
    | {f"address: {name}": attack for name, attack in ADDRESSES.items()}
)
