"""The part of a mapping that says how one field is found and converted."""

from datetime import date

from feeds.facts.cells import (
    TRUE_OR_FALSE,
    Choice,
    Converter,
    Day,
    Days,
    Integer,
    ListOf,
    Rounded,
    Scaled,
    Text,
    Value,
    date_parts,
)
from feeds.facts.finders import check_words
from feeds.facts.record_fields import FieldSpec
from feeds.mapping import BY_KIND, FieldRule
from feeds.row_links import Link, columns_of
from feeds.yaml_nodes import Block
from ontology.errors import InputError

_PLACES = ("column", "constant", "template")
_OPTIONS = {
    "text": ("case",),
    "integer": ("sign",),
    "decimal": ("factor", "round", "sign", "thousands", "mark"),
    "boolean": (),
    "date": ("format", "pivot"),
    "enum": ("values", "otherwise"),
    "list": ("separator",),
    "link": ("pattern", "number", "word", "says"),
}
_POSSIBLE = {
    str: ("text", "enum", "link"),
    int: ("integer", "decimal", "enum"),
    bool: ("boolean", "enum"),
    date: ("date",),
}
_SHARED = ("as", "blank", "missing", "trim")


def default_rule(spec: FieldSpec, column: str) -> FieldRule:
    """The rule for a column that is written in the field's own plain way."""
    convert = _converter({}, _default_way(spec), spec)
    return FieldRule(spec.name, (column,), convert=convert, blank=_blank_of(spec))


def field_rule(block: Block, spec: FieldSpec, constant: bool) -> FieldRule:
    """The rule that a mapping states for one field; a bare text is the name of a column."""
    if block.is_text:
        if constant:
            block.refuse("a constant is expected here", "write `{constant: ...}`")
        return default_rule(spec, _column(block))
    parts = block.entries(
        (), (*_PLACES, *_SHARED, *sorted({o for v in _OPTIONS.values() for o in v}))
    )
    place = [key for key in _PLACES if key in parts]
    if len(place) != 1 or (constant and place != ["constant"]):
        block.refuse(
            f"field `{spec.name}` needs exactly one of column, constant and template",
            "a record under `constants` has constants only",
        )
    if place == ["constant"]:
        _only(block, parts, ("constant",))
        return FieldRule(spec.name, constant=_constant(parts["constant"], spec))
    way = parts["as"].choice(_possible(spec)) if "as" in parts else _default_way(spec)
    if way == "link":
        _only(block, parts, ("column", "as", *_OPTIONS[way]))
        return _link_rule(block, parts, spec)
    _only(block, parts, (place[0], *_SHARED, *_OPTIONS[way]))
    return _read_rule(block, parts, spec, way)


def _link_rule(block: Block, parts: dict[str, Block], spec: FieldSpec) -> FieldRule:
    for key in ("column", *_OPTIONS["link"]):
        if key not in parts:
            block.refuse(f"key `{key}` is missing here", f"add `{key}:`", "MAPPING_KEY_MISSING")
    pattern, column = parts["pattern"].text(), _column(parts["column"])
    if not columns_of(pattern) or "}{" in pattern or spec.required:
        parts["pattern"].refuse("a pattern captures at least one `{column}`, with text between")
    if len({*columns_of(pattern), column}) <= len(columns_of(pattern)):
        parts["pattern"].refuse("a pattern names each column once, and not its own")
    link = Link(spec.name, column, pattern, "", parts["number"].text(), parts["word"].text(),
                parts["says"].text())  # fmt: skip
    return FieldRule(spec.name, (column,), convert=Text(identity=True), blank="missing", link=link)


def _read_rule(block: Block, parts: dict[str, Block], spec: FieldSpec, way: str) -> FieldRule:
    template = parts["template"].text() if "template" in parts else ""
    columns = columns_of(template)
    if template and (not columns or spec.kind.scalar is not str):
        block.refuse("a template makes text from at least one `{column}`")
    if "}{" in template:
        block.refuse("two columns of a template stand side by side", "put a separator between")
    missing = parts["missing"].items() if "missing" in parts else []
    return FieldRule(
        spec.name,
        columns or (_column(parts["column"]),),
        template,
        convert=_converter(parts, way, spec),
        trim="trim" not in parts or parts["trim"].flag(),
        blank=_blank(parts["blank"], spec) if "blank" in parts else _blank_of(spec),
        missing=tuple(sorted({item.text().strip() for item in missing})),
        by_kind=_is_by_kind(parts, way),
    )


def _is_by_kind(parts: dict[str, Block], way: str) -> bool:
    """Whether `sign` says so; of a decimal it may be the sign of a currency instead."""
    if "sign" not in parts:
        return False
    if way == "integer":
        parts["sign"].choice((BY_KIND,))
    return parts["sign"].text() == BY_KIND


def _column(block: Block) -> str:
    name = block.text().strip()
    if not name:
        block.refuse("the name of a column is expected here")
    return name


def _only(block: Block, parts: dict[str, Block], allowed: tuple[str, ...]) -> None:
    for key, value in parts.items():
        if key not in allowed:
            value.refuse(
                f"key `{key}` has no meaning here", f"use one of: {', '.join(allowed)}",
                "MAPPING_KEY_UNKNOWN",
            )  # fmt: skip


def _possible(spec: FieldSpec) -> tuple[str, ...]:
    return ("list",) if spec.kind.many else _POSSIBLE[spec.kind.scalar]


def _default_way(spec: FieldSpec) -> str:
    return _possible(spec)[0]


def _blank_of(spec: FieldSpec) -> str:
    # A blank is `not stated` where the ontology can say so; blank stock is not zero stock.
    can_be_missing = not spec.required and spec.default in (None, "", ())
    return "missing" if can_be_missing else "refuse"


def _blank(block: Block, spec: FieldSpec) -> str:
    choice = block.choice(("refuse", "default"))
    if choice == "default" and spec.required:
        block.refuse(f"field `{spec.name}` has no default", "leave `blank` out")
    return choice


def _converter(parts: dict[str, Block], way: str, spec: FieldSpec) -> Converter:
    if way == "text":
        case = parts["case"].choice(("lower", "upper")) if "case" in parts else ""
        return Text(case, spec.identity)
    if way == "integer":
        return Integer()
    if way == "decimal":
        return _scaled(parts)
    if way == "boolean":
        return TRUE_OR_FALSE
    if way == "date":
        return _day(parts)
    if way == "enum":
        return _choice(parts, spec)
    separator = parts["separator"].text() if "separator" in parts else "|"
    if not separator:
        parts["separator"].refuse("a separator is expected here")
    return ListOf(separator)


def _scaled(parts: dict[str, Block]) -> Scaled:
    factor = parts["factor"].integer(-(10**18), 10**18) if "factor" in parts else 1
    if not factor:
        parts["factor"].refuse("a factor is not zero")
    marks = {key: parts[key].text() if key in parts else "" for key in ("sign", "thousands")}
    marks["sign"] = "" if marks["sign"] == BY_KIND else marks["sign"]
    mark = parts["mark"].choice((".", ",")) if "mark" in parts else "."
    if len(marks["sign"]) > 4 or any(c.isdigit() or c in "+-" for c in "".join(marks.values())):
        key = "sign" if "sign" in parts else "thousands"
        parts[key].refuse("a currency sign or thousands mark holds no digit, `+` or `-`")
    if marks["thousands"] == mark or len(marks["thousands"]) > 1:
        parts["thousands"].refuse("the thousands mark is one character, not the decimal mark")
    made = Scaled
    if "round" in parts:
        parts["round"].choice(("nearest",))
        made = Rounded
    return made(factor, marks["sign"], marks["thousands"], mark)


def _day(parts: dict[str, Block]) -> Day | Days:
    if "format" not in parts:
        blocks, forms = [], ["yyyy-mm-dd"]
    else:
        blocks = [parts["format"]] if parts["format"].is_text else parts["format"].items()
        forms = [block.text().strip() for block in blocks]
    for block, form in zip(blocks, forms, strict=False):
        if date_parts(form) != ["d", "m", "y"]:
            block.refuse(
                f"`{form}` does not state day, month and year once each",
                "use yyyy or yy, m, mm or mmm, d or dd, and marks between them",
            )
    short = any("yyyy" not in form for form in forms)
    if short and "pivot" not in parts:
        raise _option_missing(parts, "pivot", "the first two-digit year of the 1900s, such as 70")
    if not short and "pivot" in parts:
        parts["pivot"].refuse("a pivot has no meaning for years of four digits")
    pivot = parts["pivot"].integer(0, 99) if short else None
    days = [Day(form, None if "yyyy" in form else pivot) for form in forms]
    if not days:
        parts["format"].refuse("at least one form of a day is expected here")
    return days[0] if len(days) == 1 else Days(tuple(days))


def _choice(parts: dict[str, Block], spec: FieldSpec) -> Choice:
    if "values" not in parts:
        raise _option_missing(parts, "values", "a table from text in the file to value")
    pairs = [(text.strip(), _constant(block, spec)) for text, block in parts["values"].pairs()]
    otherwise = _constant(parts["otherwise"], spec) if "otherwise" in parts else None
    return Choice(tuple(sorted(pairs, key=lambda pair: pair[0])), otherwise)


def _option_missing(parts: dict[str, Block], key: str, meaning: str) -> InputError:
    block = parts.get("as") or next(iter(parts.values()))
    try:
        block.refuse(f"key `{key}` is missing here", f"add `{key}:`, {meaning}",
                     "MAPPING_KEY_MISSING")  # fmt: skip
    except InputError as error:
        return error


def _constant(block: Block, spec: FieldSpec) -> Value:
    if spec.kind.many:
        return _checked(tuple(sorted({item.text() for item in block.items()})), block, spec)
    convert = _converter({}, _default_way(spec), spec)
    try:
        value = convert(block.text())
    except InputError as error:
        block.refuse(error.what, error.hint)
    if spec.kind.scalar is int and isinstance(value, int) and spec.range.complaint(value):
        block.refuse(f"`{spec.name}` {spec.range.complaint(value)}")
    return _checked(value, block, spec)


def _checked(value: Value, block: Block, spec: FieldSpec) -> Value:
    if spec.words is not None and value != "":
        try:
            check_words(value, spec.words)
        except InputError as error:
            block.refuse(error.what, error.hint)
    return value
