"""The doors beside GraphQL as an OpenAPI 3.1 document, made of the very words that they check."""

from collections.abc import Iterable, Mapping
from typing import Any

from api.doors import bundles, changes, exports, feeds
from service import VERSION
from service.asking.conditions import MOST_VALUES, Is
from service.asking.files import MEDIA_TYPES
from service.asking.grouping import MOST_KEYS, MOST_MEASURES, As, Per
from service.asking.ordering import MOST_ORDERS
from service.doors.concerns import PARTNERS
from service.doors.envelope import LONGEST_TEXT
from service.doors.outbound import KINDS

PATH = "/openapi.json"
Document = dict[str, Any]
ATTRIBUTES = ("specversion", "id", "source", "time", "sequence", "supersedes", "correlationid",
              "dataschema", "confidence")  # fmt: skip
_REFUSALS: Mapping[str, str] = {
    "400": "the request is not understood", "401": "no valid token", "403": "not allowed",
    "404": "there is no such thing", "408": "the body did not come in time",
    "409": "it contradicts what is known", "413": "too large", "415": "a body of another type",
    "422": "understood, and it cannot be used", "429": "too much at once: come again later",
    "503": "the database or the disk does not answer, or the service ends",
}  # fmt: skip


def document() -> Document:
    """The document; a test holds it to the routes, the constants and the answers of the doors."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Evenkeel: the doors beside GraphQL", "version": VERSION},
        "security": [{"token": []}],
        "paths": {
            "/health": {"get": _health()}, "/exports/{form}": {"post": _exports()},
            "/feeds/{source}": {"post": _feeds()}, "/changes": {"get": _changes()},
            "/ready": {"get": _ready()},
            bundles.PATH.replace(":path", ""): {"get": _bundle()},
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Refusal": _refusal(), "Question": _question(), "Condition": _condition(),
                        "AsOf": _as_of()},
        },
    }  # fmt: skip


def _health() -> Document:
    up = _object({"status": {"const": "up"}}, ["status"])
    return {"operationId": "health", "summary": "Whether the service is up; open to anybody.",
            "security": [], "responses": {"200": _json("It is.", up)}}  # fmt: skip


def _ready() -> Document:
    text, whole = {"type": "string"}, {"type": "integer"}
    served = _object({"process": text, "seen_micros": whole, "sequence": whole, "shipped": text,
                      "in_force": {"type": "object", "additionalProperties": text}},
                     ["process", "seen_micros", "sequence", "shipped", "in_force"])  # fmt: skip
    told = _object({"status": {"const": "ready"}, "serves": served,
                    "others": {"type": "array", "items": served},
                    "remarks": {"type": "array", "items": text}},
                   ["status", "serves", "others", "remarks"])  # fmt: skip
    return {"operationId": "ready", "summary": "Which policy releases this process serves, and "
            "whether all processes serve the same.",
            "responses": {"200": _json("What it serves.", told), **_refusals("401 403 429 503")}
            }  # fmt: skip


def _exports() -> Document:
    file = {"description": "The rows, all of them after the first `skip`.",
            "headers": {exports.ROWS: _header("How many rows there are in all."),
                        exports.EVENT: _header("The event as of which they are.")},
            "content": {kind: {"schema": {}} for kind in MEDIA_TYPES.values()}}  # fmt: skip
    return {
        "operationId": "export", "summary": "A whole table, or groups of it, as a file.",
        "parameters": [
            _parameter("form", "path", {"enum": sorted(MEDIA_TYPES)}),
            _parameter("skip", "query", {"type": "integer", "minimum": 0, "maximum": 10**15 - 1}),
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _ref(
            "Question")}}},
        "responses": {"200": file} | _refusals("400 401 403 404 408 413 422 429 503"),
    }  # fmt: skip


def _feeds() -> Document:
    switch = {"enum": ["0", "1"]}
    text = {"type": "string", "maxLength": LONGEST_TEXT}
    account = {"type": "object", "required": ["source", "event", "changes", "quarantined"]}
    return {
        "operationId": "deliver", "summary": "One file of a source, as the body of the request.",
        "parameters": [
            _parameter("source", "path", {"type": "string", "pattern": "^[a-z][a-z0-9_-]{0,63}$"}),
            _parameter("file", "query", {"type": "string", "minLength": 1}),
            _parameter("dry_run", "query", switch), _parameter("close_all", "query", switch),
            *(_parameter(f"{feeds.HEADER}{name}", "header", text) for name in ATTRIBUTES),
        ],
        "requestBody": {"required": True, "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in feeds.FORMATS if kind
        }},
        "responses": {"200": _json("The account of the delivery.", account)}
        | _refusals("400 401 403 404 408 409 413 415 422 429 503"),
    }  # fmt: skip


def _changes() -> Document:
    kinds, partners = "|".join(KINDS), "|".join(PARTNERS)
    position = {"type": "string", "pattern": r"^[0-9]{1,15}(\.[0-9]{1,15})?$"}
    word = _word()
    schemas: Document = {"after": position, "chain": word, "region": word,
               "kinds": {"type": "string", "pattern": f"^({kinds})(,({kinds}))*$"},
               "partner": {"type": "string", "pattern": f"^({partners})/.+$"}}  # fmt: skip
    return {
        "operationId": "follow", "summary": "What each event changes, as server-sent events.",
        "parameters": [_parameter(name, "query", schemas[name]) for name in changes.PARAMETERS]
        + [_parameter("Last-Event-ID", "header", position)],
        "responses": {"200": {"description": "A stream that goes on until its reader hangs up.",
                              "content": {"text/event-stream": {"schema": {"type": "string"}}}}}
        | _refusals("400 401 403 404 409 422 429 503"),
    }  # fmt: skip


def _bundle() -> Document:
    digest = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
    return {
        "operationId": "bundle", "summary": "A partner's lines of a plan, with their proof.",
        "parameters": [
            _parameter("digest", "path", digest),
            _parameter("kind", "path", {"enum": list(PARTNERS)}),
            _parameter("name", "path", _word()),
        ],
        "responses": {"200": _json("The file that a verifier checks.", {"type": "object"})}
        | _refusals("400 401 403 404 429 503"),
    }  # fmt: skip


def _question() -> Document:
    column = {"type": "string"}
    order = _object({"column": _word(), "descending": {"type": "boolean"}}, ["column"])
    key = _object({"column": _word(), "per": {"enum": [one.name for one in Per]}}, ["column"])
    measure = _object({"name": _word(), "column": column,
                       "told": {"enum": [one.name for one in As]}}, ["name", "told"])  # fmt: skip
    facts = _object({"chain": _word(), "className": _word(), "asOf": _ref("AsOf")},
                    ["chain", "className"])  # fmt: skip
    found = _object({
        "facts": facts, "lines": column, "where": _ref("Condition"), "having": _ref("Condition"),
        "columns": _list(column), "orderBy": _list(order, MOST_ORDERS),
        "by": _list(key, MOST_KEYS), "measures": _list(measure, MOST_MEASURES),
    })  # fmt: skip
    return found | {"oneOf": [{"required": ["facts"]}, {"required": ["lines"]}],
                    "dependentRequired": {"by": ["measures"], "having": ["measures"]}}  # fmt: skip


def _condition() -> Document:
    inner = _list(_ref("Condition"))
    return _object({
        "column": {"type": "string"}, "is": {"enum": [one.name for one in Is]},
        "values": _list({"type": "string"}, MOST_VALUES), "all": inner, "any": inner,
        "none": inner,
    })  # fmt: skip


def _as_of() -> Document:
    when = {"type": "string", "format": "date-time"}
    found = _object({"effective": when, "recorded": when, "recordedEvent": {"type": "integer"}})
    return found | {"not": {"required": ["recorded", "recordedEvent"]}}


def _refusal() -> Document:
    text = {"type": "string"}
    word = {"type": "string", "minLength": 1}
    extensions = _object({"code": word, "hint": text, "fault": word}, ["code", "hint", "fault"])
    error = _object({"message": word, "extensions": extensions}, ["message", "extensions"])
    return _object({"errors": _list(error) | {"minItems": 1}}, ["errors"])


def _refusals(statuses: str) -> Document:
    return {status: _json(_REFUSALS[status], _ref("Refusal")) for status in statuses.split()}


def _json(description: str, schema: Document) -> Document:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _header(description: str) -> Document:
    return {"description": description, "required": True, "schema": {"type": "integer"}}


def _parameter(name: str, place: str, schema: Document) -> Document:
    return {"name": name, "in": place, "required": place == "path", "schema": schema}


def _object(properties: Document, required: Iterable[str] = ()) -> Document:
    return {"type": "object", "properties": properties, "additionalProperties": False,
            "required": list(required)}  # fmt: skip


def _list(items: Document, most: int = 0) -> Document:
    return {"type": "array", "items": items} | ({"maxItems": most} if most else {})


def _word() -> Document:
    return {"type": "string", "minLength": 1}


def _ref(name: str) -> Document:
    return {"$ref": f"#/components/schemas/{name}"}
