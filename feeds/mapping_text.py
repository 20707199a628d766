"""Reading mapping files: a strict schema where every complaint names file, line and cure."""

import re
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path, PurePath

from feeds import files
from feeds.by_class import files_by_class
from feeds.derive_text import derive_rules, wide_rule
from feeds.facts.cells import Day
from feeds.facts.record_fields import FieldSpec, field_specs
from feeds.field_text import default_rule, field_rule
from feeds.files import found_as
from feeds.formats.blocks import FORMAT_OF_ENDING, FORMATS, OTHER_WORKBOOKS, RDF_OF_ENDING
from feeds.limits import MAPPING_BYTES
from feeds.mapping import (
    EPCIS,
    EVENTS_STATE,
    FED,
    FORMAT,
    NODES_STATE,
    RDF,
    FieldRule,
    FileRule,
    Mapping,
    RecordRule,
    is_name_below,
)
from feeds.row_link_fields import with_links
from feeds.yaml_nodes import Block, parse_yaml
from ontology.errors import InputError
from ontology.terms import field_kinds
from ontology.vocabulary import RECORDS

ENCODINGS = ("utf-8", "ascii", "latin-1", "cp1252")
DELIMITERS = {",": ",", ";": ";", "|": "|", "tab": "\t"}


@dataclass(frozen=True, slots=True)
class MappingText:
    """The bytes of a mapping file as they were read once, and its name.

    What decides who may deliver, what reads the files and what is kept to mend rows are these same
    bytes, whatever becomes of the file meanwhile.
    """

    data: bytes
    name: str

    @property
    def mapping(self) -> Mapping:
        """The mapping. Raises InputError with the line where it is not one."""
        return parse_mapping(self.data, self.name)


def read_mapping(path: Path) -> MappingText:
    """The bytes of a mapping file. Raises InputError as `read_bytes`."""
    return MappingText(files.read_bytes(path, MAPPING_BYTES), path.name)


def load_mapping(path: Path) -> Mapping:
    """The mapping in a file. Raises InputError with the line where it is not one."""
    return read_mapping(path).mapping


@lru_cache(maxsize=8)  # a source sends the same mapping with each of its deliveries
def parse_mapping(data: bytes, name: str) -> Mapping:
    """The mapping in the bytes of a YAML document; `name` is what errors call it."""
    root = parse_yaml(data, name)
    _check_form(dict(root.pairs()).get("format"))
    top = root.entries(
        ("format", "chain", "source", "version", "known", "files"),
        ("constants", "derive", "as_of"),
    )
    top["format"].choice((FORMAT,))
    constants = top["constants"].items() if "constants" in top else []
    return Mapping(
        name=name,
        chain=_identifier(top["chain"]),
        source=_identifier(top["source"]),
        version=top["version"].integer(1, 10**6),
        known=_known(top["known"]),
        constants=tuple(_record(block, "constant") for block in constants),
        files=_files(top["files"]),
        derive=derive_rules(top["derive"]) if "derive" in top else (),
        by_class=top["files"].is_text,
        as_of=_day(top["as_of"]) if "as_of" in top else None,
    )


def _check_form(block: Block | None) -> None:
    """Refuse a mapping of a later form before its keys are looked at."""
    if block is None or not block.is_text or block.text() == FORMAT:
        return
    if block.text().startswith(FORMAT.partition("/")[0] + "/"):
        block.refuse(f"`{block.text()}` is a form of mapping that this program does not know",
                     f"use a later version of the program, or write {FORMAT}",
                     "MAPPING_VERSION_UNKNOWN")  # fmt: skip


def _files(block: Block) -> tuple[FileRule, ...]:
    if block.is_text:
        block.choice(("by_class",))
        return files_by_class(block.line)
    rules = tuple(_file(item) for item in block.items())
    names = [found_as(rule.file) for rule in rules]
    for position, item in enumerate(block.items()):
        if names[position] in names[:position]:
            item.refuse(f"file `{rules[position].file}` stands twice", "merge the two entries")
    return rules


def _day(block: Block) -> date:
    try:
        return Day()(block.text())
    except InputError as error:
        block.refuse(error.what, "write it as `2026-03-01`")


def _identifier(block: Block) -> str:
    text = block.text()
    if not re.fullmatch("[a-z][a-z0-9_-]{0,63}", text):
        block.refuse(f"`{text}` is not an identifier", "use a-z, 0-9, `_` and `-`, a letter first")
    return text


def _known(block: Block) -> tuple[str, ...]:
    referred = {kind.refers_to for name in FED for kind in field_kinds(RECORDS[name]).values()} - {
        ""
    }
    if block.is_text:
        block.choice(("all",))
        return tuple(sorted(referred))
    return tuple(sorted({item.choice(sorted(referred)) for item in block.items()}))


_WRITTEN = ("format", "sheet", "encoding", "delimiter", "optional")
_STATED = ("principal", "derived", "wide", "effective", "mode", "pseudonyms")


def _file(block: Block) -> FileRule:
    parts = block.entries(("file",), (*_WRITTEN, *_STATED))
    name = parts["file"].text()
    if not is_name_below(name):
        parts["file"].refuse(
            f"`{name}` is not the plain name of a file in the feed's folder or one below it",
            "name the file by its path from that folder, such as `2023/stock.csv`", "FILE_OUTSIDE",
        )  # fmt: skip
    said = _says_itself(name, parts)
    if said:
        return _document(name, parts, said)
    if "principal" not in parts:
        block.refuse("what is each row of the file?", "add `principal:`", "MAPPING_KEY_MISSING")
    delimiter = parts["delimiter"].choice(tuple(DELIMITERS)) if "delimiter" in parts else ","
    derived = parts["derived"].items() if "derived" in parts else []
    principal = _record(parts["principal"], "principal")
    return FileRule(
        file=name,
        principal=principal,
        derived=tuple(_record(item, "derived") for item in derived),
        encoding=parts["encoding"].choice(ENCODINGS) if "encoding" in parts else "utf-8",
        delimiter=DELIMITERS[delimiter],
        optional="optional" in parts and parts["optional"].flag(),
        wide=wide_rule(parts["wide"]) if "wide" in parts else None,
        format=_format(parts, name),
        sheet=parts["sheet"].text() if "sheet" in parts else "",
        effective=_day_field(parts["effective"], principal.name) if "effective" in parts else "",
        full="mode" in parts and parts["mode"].choice(("changes", "full")) == "full",
        pseudonyms=_pseudonyms(parts),
    )


def _pseudonyms(parts: dict[str, Block]) -> tuple[str, ...]:
    """The columns that name persons."""
    if "pseudonyms" not in parts:
        return ()
    if "wide" in parts:
        parts["pseudonyms"].refuse("a wide table names things in its header, not persons in cells",
                                   "leave `wide` or `pseudonyms` out")  # fmt: skip
    return tuple(sorted({item.text().strip() for item in parts["pseudonyms"].items()}))


def _says_itself(name: str, parts: dict[str, Block]) -> str:
    """The format of a document that says itself what it states; empty for a table."""
    stated = parts["format"].text() if "format" in parts else ""
    ending = PurePath(name).suffix.lower()
    if stated == RDF and ending not in RDF_OF_ENDING:
        listed = ", ".join(RDF_OF_ENDING)
        parts["file"].refuse(f"how is `{name}` written?", f"let its name end in one of: {listed}",
                             "WRONG_FORMAT")  # fmt: skip
    if stated in {EPCIS, RDF}:
        return stated
    return RDF if not stated and ending in RDF_OF_ENDING and ending != ".json" else ""


def _document(name: str, parts: dict[str, Block], form: str) -> FileRule:
    """A document of EPCIS events or of RDF, which says itself what it states."""
    what = "an EPCIS document" if form == EPCIS else "a document of RDF"
    for key, part in parts.items():
        if key not in {"file", "format", "optional"}:
            part.refuse(f"{what} says itself what it states", f"leave `{key}` out")
    is_optional = "optional" in parts and parts["optional"].flag()
    states = EVENTS_STATE if form == EPCIS else NODES_STATE
    return FileRule(name, RecordRule(states, (), by_header=True), optional=is_optional,
                    format=form)  # fmt: skip


def _format(parts: dict[str, Block], name: str) -> str:
    """The format that is stated, or that the file's ending stands for."""
    ending = PurePath(name).suffix.lower()
    if "format" not in parts and ending in OTHER_WORKBOOKS:
        parts["file"].refuse(f"`{ending}` files are not read", "save it as .xlsx", "WRONG_FORMAT")
    stated = parts["format"].choice((*FORMATS, EPCIS, RDF)) if "format" in parts else ""
    chosen = stated or FORMAT_OF_ENDING.get(ending, "csv")
    for key, only in (("encoding", "csv"), ("delimiter", "csv"), ("sheet", "xlsx")):
        if key in parts and chosen != only:
            parts[key].refuse(
                f"`{key}` is for {only}, and this file is {chosen}", f"leave `{key}` out"
            )
    return chosen


def _day_field(block: Block, name: str) -> str:
    """The field of a class that says on which day its record began to be true."""
    days = [key for key, kind in field_kinds(RECORDS[name]).items() if kind.scalar is date]
    if not days:
        block.refuse(f"{name} has no field that is a day", "state the time with `--effective`")
    return block.choice(tuple(days))


def _record(block: Block, role: str) -> RecordRule:
    parts = block.entries(("class", "fields"), ("when", "unless") if role == "derived" else ())
    name = parts["class"].text()
    if name not in FED:
        known = ", ".join(sorted(FED))
        parts["class"].refuse(f"no feed fills a class `{name}`", f"use one of: {known}")
    specs = field_specs(name)
    if parts["fields"].is_text and role == "principal":
        parts["fields"].choice(("by_header",))
        return RecordRule(name, (), by_header=True, line=block.line)
    stated = parts["fields"].entries((), tuple(specs))
    for spec in specs.values():
        if spec.required and spec.name not in stated:
            block.refuse(
                f"{name} needs the field `{spec.name}`", f"add `{spec.name}:`",
                "MAPPING_KEY_MISSING",
            )  # fmt: skip
    rules = tuple(
        field_rule(stated[key], specs[key], role == "constant") for key in specs if key in stated
    )
    _refuse_signs(name, rules, stated)
    if role == "principal":
        rules = with_links(name, rules, specs, stated)
    else:
        _refuse_links(rules, stated)
    when = parts["when"].text().strip() if "when" in parts else ""
    unless = (
        tuple(item.text().strip() for item in parts["unless"].items()) if "unless" in parts else ()
    )
    if unless and not when:
        block.refuse("`unless` lists texts of the column that `when` names", "add `when: COLUMN`")
    return RecordRule(name, rules, when, unless, line=block.line)


def _refuse_signs(name: str, rules: tuple[FieldRule, ...], stated: dict[str, Block]) -> None:
    for rule in rules:
        if rule.by_kind and (name, rule.field) != ("StockMovement", "quantity_units"):
            stated[rule.field].refuse(
                f"{name} has no kind that says the sign of `{rule.field}`",
                "`sign: by_kind` is for the units of a StockMovement",
            )


def _refuse_links(rules: tuple[FieldRule, ...], stated: dict[str, Block]) -> None:
    for rule in rules:
        if rule.link is not None:
            stated[rule.field].refuse("only the record that a row is about refers to another row")


def for_header(rule: FileRule, header: tuple[str, ...]) -> FileRule:
    """The rule with `by_header` records spelled out for the columns that a file has."""
    if not any(record.by_header for record in rule.records):
        return rule
    principal, *derived = (_spelled_out(record, header) for record in rule.records)
    return replace(rule, principal=principal, derived=tuple(derived))


def _spelled_out(record: RecordRule, header: tuple[str, ...]) -> RecordRule:
    if not record.by_header:
        return record
    return replace(record, fields=tuple(_rules_by_header(field_specs(record.name), header)))


def _rules_by_header(specs: dict[str, FieldSpec], header: tuple[str, ...]) -> list[FieldRule]:
    return [
        default_rule(spec, spec.name)
        for spec in specs.values()
        if spec.required or spec.name in header
    ]
