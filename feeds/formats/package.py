"""The parts of an Office Open XML file (ECMA-376): unpacked in pieces, parsed without entities."""

import posixpath
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO
from xml.parsers import expat

from feeds.formats.blocks import LONGEST_CELL, Form, damaged, empty, fault, too_large
from feeds.limits import Limits

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_MOST_PARTS = 10_000
_CHUNK_BYTES = 2**18
_LONGEST_TOKEN = 2**20
_SEALED = 1
_RELATIONS = "Relationship"

Started = Callable[[str, dict[str, str]], None]
Ended = Callable[[str], None]
Said = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Relation:
    """Where one part of a package points to; `target` is empty where that is outside it."""

    kind: str
    target: str


class Package:
    """The parts by name. All that is unpacked of them together stays within a limit."""

    def __init__(self, stream: BinaryIO, form: Form, limits: Limits) -> None:
        """Raises InputError `FILE_EMPTY`, `WRONG_FORMAT`, `FILE_DAMAGED`, `UNPACKED_TOO_LARGE`."""
        self.form = form
        self._left = limits.unpacked_bytes
        start = stream.read(4)
        if not start:
            raise empty(form)
        if start != _ZIP:
            what = "the file is no Excel workbook (.xlsx)"
            if start == _OLE:
                what = "the file is an old .xls, or a workbook under a password"
            raise fault(form, 0, "WRONG_FORMAT", what, "save it as .xlsx without a password")
        stream.seek(0)
        try:
            self._zip = zipfile.ZipFile(stream)
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise damaged(form, "the file is cut off, or is no sound workbook") from error
        parts = self._zip.infolist()
        if len(parts) > _MOST_PARTS:
            raise too_large(form, f"the workbook has {len(parts)} parts")
        self._parts = {part.filename.lower(): part for part in parts}
        if len(self._parts) != len(parts):
            raise damaged(form, "two parts of the workbook have one name")

    def has(self, name: str) -> bool:
        """Whether there is such a part."""
        return name.lower() in self._parts

    def walk(self, name: str, started: Started, ended: Ended, said: Said) -> None:
        """Parse a part: elements by their local names, and the text between them."""
        for _ in self.steps(name, started, ended, said):
            pass

    def steps(self, name: str, started: Started, ended: Ended, said: Said) -> Iterator[None]:
        """The same in steps of 256 KiB of XML.

        Raises InputError `FILE_DAMAGED`, `FILE_ENCRYPTED` or `UNPACKED_TOO_LARGE`. A document
        type, where entities are declared, is refused, so nothing expands and nothing is fetched.
        """
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.CharacterDataHandler = said

        def first(tag: str, has: dict[str, str]) -> None:
            # Most writers use no prefix; taking it off costs a call for each tag of millions.
            has_prefix = ":" in tag
            parser.StartElementHandler = (
                (lambda t, h: started(_local(t), h)) if has_prefix else started
            )
            parser.EndElementHandler = (lambda t: ended(_local(t))) if has_prefix else ended
            started(_local(tag), has)

        parser.StartElementHandler = first
        fed = 0
        try:
            for chunk in self._chunks(name):
                parser.Parse(chunk, False)  # noqa: FBT003  expat takes no names
                fed += len(chunk)
                if fed - parser.CurrentByteIndex > _LONGEST_TOKEN:
                    raise damaged(self.form, "a tag of the workbook's XML is too long")
                yield
            parser.Parse(b"", True)  # noqa: FBT003  as above
        except expat.ExpatError as error:
            raise damaged(self.form, f"`{name}` of the workbook is no sound XML") from error

    def relations(self, name: str) -> dict[str, Relation]:
        """The relations of a part by id, `""` being the package; none where none are stated."""
        folder, file = posixpath.split(name)
        part = posixpath.join(folder, "_rels", f"{file}.rels")
        found: dict[str, Relation] = {}

        def started(tag: str, has: dict[str, str]) -> None:
            if tag == _RELATIONS:
                target = posixpath.normpath(posixpath.join("/", folder, has.get("Target", "")))
                inside = has.get("TargetMode") != "External"
                found[has.get("Id", "")] = Relation(
                    has.get("Type", "").rpartition("/")[2], target[1:] if inside else ""
                )

        if self.has(part):
            self.walk(part, started, _nothing, _nothing)
        return found

    def _chunks(self, name: str) -> Iterator[bytes]:
        part = self._parts.get(name.lower())
        if part is None:
            raise damaged(self.form, f"the workbook lacks its part `{name[:60]}`")
        if part.flag_bits & _SEALED:
            raise fault(self.form, 0, "FILE_ENCRYPTED", "the file is encrypted",
                        "save it without a password")  # fmt: skip
        if part.file_size > self._left:
            raise too_large(self.form, f"`{name[:60]}` unpacks to {part.file_size} bytes")
        self._left -= part.file_size
        if part.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise damaged(self.form, "the workbook is packed in a way that Excel does not use")
        try:
            with self._zip.open(part) as unpacked:
                while chunk := unpacked.read(_CHUNK_BYTES):
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
            raise damaged(self.form, f"`{name[:60]}` of the workbook is damaged") from error

    def _doctype(self, *_: object) -> None:
        raise damaged(self.form, "the workbook declares a document type, which Excel never does")


class Words:
    """The text of one cell or shared string, put together from its pieces."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._pieces: list[str] = []
        self._length = 0
        self.listening = False

    def start(self) -> None:
        """Forget what was said so far."""
        self._pieces.clear()
        self._length = 0
        self.listening = False

    def hear(self, text: str) -> None:
        """Keep a piece. Raises InputError `CELL_TOO_LONG`."""
        if not self.listening:
            return
        self._length += len(text)
        if self._length > LONGEST_CELL:
            raise fault(self._form, 0, "CELL_TOO_LONG",
                        f"a cell has over {LONGEST_CELL} characters", "shorten it")  # fmt: skip
        self._pieces.append(text)

    def text(self) -> str:
        """All of it."""
        return "".join(self._pieces)


def _local(tag: str) -> str:
    return tag.rpartition(":")[2]


def _nothing(_: str) -> None:
    """An end or a text that says nothing."""
