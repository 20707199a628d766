"""YAML as plain text nodes that know their line: no types, tags, anchors or aliases."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import NoReturn

import yaml

from feeds.limits import MAPPING_BYTES, MAPPING_DEPTH, MAPPING_NODES
from ontology.errors import InputError, Place

GUIDE = "docs/integrating.md, `The mapping, key by key`, says what each key takes"


@dataclass(frozen=True, slots=True)
class Block:
    """A node of a mapping file. Scalars are always text: `no` is not false, 1.10 is not 1.1."""

    node: yaml.Node
    file: str

    @property
    def line(self) -> int:
        """The line on which the node starts, counted from 1."""
        return int(self.node.start_mark.line) + 1

    def refuse(self, what: str, hint: str = "", code: str = "MAPPING_VALUE") -> NoReturn:
        """Raise InputError at this node's line; without a hint of its own, where to read on."""
        raise InputError(what, hint=hint or GUIDE, code=code, place=Place(self.file, self.line))

    def pairs(self) -> list[tuple[str, "Block"]]:
        """Keys and values as written; a key may stand only once."""
        if not isinstance(self.node, yaml.MappingNode):
            self.refuse("keys and values are expected here", "write `key: value` lines")
        found: dict[str, Block] = {}
        for key_node, value in self.node.value:
            key = Block(key_node, self.file).text()
            if key in found:
                Block(key_node, self.file).refuse(f"key `{key}` stands twice", "remove one of them")
            found[key] = Block(value, self.file)
        return list(found.items())

    def entries(self, required: Collection[str], optional: Collection[str]) -> dict[str, "Block"]:
        """Keys and values, refusing keys that the schema does not know or lacks."""
        found = dict(self.pairs())
        allowed = sorted({*required, *optional})
        for key, value in found.items():
            if key not in allowed:
                value.refuse(
                    f"key `{key}` is not known here",
                    f"use one of: {', '.join(allowed)}",
                    "MAPPING_KEY_UNKNOWN",
                )
        for key in required:
            if key not in found:
                self.refuse(f"key `{key}` is missing here", f"add `{key}:`", "MAPPING_KEY_MISSING")
        return found

    def items(self) -> list["Block"]:
        """The elements of a list."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.refuse("a list is expected here", "write `- ...` lines or [a, b]")
        return [Block(item, self.file) for item in self.node.value]

    @property
    def is_text(self) -> bool:
        """Whether this is a scalar."""
        return isinstance(self.node, yaml.ScalarNode)

    def text(self) -> str:
        """The text of a scalar, as written."""
        if not isinstance(self.node, yaml.ScalarNode):
            self.refuse("a text is expected here")
        return str(self.node.value)

    def choice(self, options: Collection[str]) -> str:
        """A text that must be one of the options."""
        text = self.text()
        if text not in options:
            self.refuse(f"`{text}` is not possible here", f"use one of: {', '.join(options)}")
        return text

    def integer(self, least: int, most: int) -> int:
        """A whole number within a range."""
        text = self.text()
        if not re.fullmatch("-?[0-9]{1,20}", text):
            self.refuse(
                f"`{text}` is not a whole number", f"write one from {least} to {most}, in digits"
            )
        if not least <= int(text) <= most:
            self.refuse(
                f"`{text}` is outside {least} to {most}", f"write a number from {least} to {most}"
            )
        return int(text)

    def flag(self) -> bool:
        """`true` or `false`."""
        return self.choice(("true", "false")) == "true"


def parse_yaml(data: bytes, file: str) -> Block:
    """The root node of one YAML document, within the limits of `feeds.limits`.

    Raises InputError `MAPPING_TOO_LARGE`, `MAPPING_NOT_YAML` or `MAPPING_NOT_PLAIN`.
    """
    if len(data) > MAPPING_BYTES:
        _refuse(file, 0, f"the mapping is larger than {MAPPING_BYTES} bytes", "MAPPING_TOO_LARGE")
    try:
        text = data.decode("utf-8")
        for event in _events(text, file):
            _check_plain(event, file)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        _refuse(file, 0, f"byte {error.start} is not UTF-8", "MAPPING_NOT_YAML")
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        _refuse(file, line, f"this is not YAML: {error.problem}", "MAPPING_NOT_YAML")
    except yaml.YAMLError:
        _refuse(file, 0, "the mapping holds characters that YAML forbids", "MAPPING_NOT_YAML")
    if root is None:
        _refuse(file, 1, "the mapping is empty", "MAPPING_NOT_YAML")
    return Block(root, file)


def _events(text: str, file: str) -> Iterator[yaml.Event]:
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader)):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAPPING_DEPTH or count > MAPPING_NODES:
            what = f"the mapping is deeper than {MAPPING_DEPTH} or has too many nodes"
            _refuse(file, _line(event), what, "MAPPING_TOO_LARGE")
        yield event


def _check_plain(event: yaml.Event, file: str) -> None:
    tag = getattr(event, "tag", None) or getattr(event, "anchor", None)
    if tag:
        what = f"tags, anchors and aliases are not used here: `{tag}`"
        _refuse(file, _line(event), what, "MAPPING_NOT_PLAIN")


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


def _refuse(file: str, line: int, what: str, code: str) -> NoReturn:
    hint = "write the mapping as plain YAML in UTF-8; docs/integrating.md has the reference"
    raise InputError(what, hint=hint, code=code, place=Place(file, line))
