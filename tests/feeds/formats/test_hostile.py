"""Files made to do harm: one clear line with a code each, whatever they claim to hold."""

import base64
import gzip
import io
import lzma
import re
import struct
import zipfile
from collections.abc import Callable
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow.parquet import encryption

from feeds.formats.apart import blocks_apart
from feeds.formats.blocks import Form
from feeds.formats.sheet import blocks_of
from feeds.limits import Limits
from ontology.errors import InputError
from tests.feeds.formats.written import (
    LINKS,
    PACKAGE,
    PACKED,
    sheet,
    workbook,
    written,
    zipped,
)

pa: Any = pyarrow
seals: Any = encryption
HEADER, ROWS = ("id", "n"), [(f"item {n}", n) for n in range(47)]
SMALL = Limits(unpacked_bytes=2**22, decoder_bytes=2**27, file_bytes=2**22, decoder_seconds=60)
CELL = '<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c></row>'
MIB = 2**20


def refusal(form: str, data: bytes, limits: Limits = SMALL) -> tuple[str, str]:
    """The code of the error that a file brings, and the line that a person reads."""
    with pytest.raises(InputError) as caught:
        for _ in blocks_of(data, Form(f"x.{form}", form), limits):
            pass
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    return caught.value.code, str(caught.value)


def book_with(part: str, content: str) -> bytes:
    """A sound workbook of one sheet, one part of it replaced."""
    return workbook(sheet(CELL), more={part: content})


def claiming(size: int) -> bytes:
    """A workbook whose sheet says in the directory that it unpacks to so many bytes."""
    data = bytearray(workbook(sheet(CELL)))
    name = b"xl/worksheets/sheet1.xml"
    entry = data.rindex(name) - 46
    assert data[entry : entry + 4] == b"PK\x01\x02"
    data[entry + 24 : entry + 28] = struct.pack("<I", size)
    return bytes(data)


def laughs() -> bytes:
    """Ten entities, each of ten of the one before."""
    entities = '<!ENTITY a0 "ha">' + "".join(
        f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)
    )
    return book_with(
        "xl/worksheets/sheet1.xml",
        f"<!DOCTYPE worksheet [{entities}]>" + sheet(CELL.replace("id<", "&a9;<")),
    )


def foreign() -> bytes:
    """An entity that is a file of the machine."""
    return book_with(
        "xl/worksheets/sheet1.xml",
        '<!DOCTYPE worksheet [<!ENTITY f SYSTEM "file:///etc/hostname">]>'
        + sheet(CELL.replace("id<", "&f;<")),
    )


def shared_bomb() -> bytes:
    """One text of 100,000 letters, in each of 2,000 cells."""
    rows = "".join(f'<row r="{n}"><c t="s"><v>0</v></c></row>' for n in range(1, 2_000))
    return workbook(sheet(rows), texts=["x" * 100_000])


def outside_sheet() -> bytes:
    """A workbook whose only sheet lies in another file."""
    link = f'<Relationship Id="s1" Type="{LINKS}/worksheet" TargetMode="External" '
    link += 'Target="file:///etc/hostname"/>'
    relations = f'<Relationships xmlns="{PACKAGE}">{link}</Relationships>'
    return book_with("xl/_rels/workbook.xml.rels", relations)


def twice() -> bytes:
    """Two parts of one name."""
    sink = io.BytesIO(workbook(sheet(CELL)))
    with zipfile.ZipFile(sink, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return sink.getvalue()


def sealed_zip() -> bytes:
    """A workbook whose parts say that they are encrypted."""
    data = bytearray(workbook(sheet(CELL)))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for found in re.finditer(mark, bytes(data)):
            data[found.start() + at] |= 1
    return bytes(data)


def long_tag() -> bytes:
    """A tag with an attribute of 3 MiB."""
    return book_with("xl/worksheets/sheet1.xml", f'<worksheet a="{"x" * 3 * MIB}"/>')


WORKBOOKS: dict[str, tuple[Callable[[], bytes], str]] = {
    "a bomb that says so": (lambda: claiming(2**32 - 2), "UNPACKED_TOO_LARGE"),
    "a bomb that says nothing": (lambda: claiming(17), "FILE_DAMAGED"),
    "a real bomb": (
        lambda: book_with("xl/worksheets/sheet1.xml", " " * 16 * MIB), "UNPACKED_TOO_LARGE",
    ),
    "a bomb of one shared text": (shared_bomb, "UNPACKED_TOO_LARGE"),
    "a bomb of parts": (
        lambda: zipped({f"p{n}": b"" for n in range(10_001)}), "UNPACKED_TOO_LARGE",
    ),
    "a zip in a zip": (lambda: zipped({"xl/workbook.xml": workbook(sheet(CELL))}), "FILE_DAMAGED"),
    "billion laughs": (laughs, "FILE_DAMAGED"),
    "an entity that is a file": (foreign, "FILE_DAMAGED"),
    "a sheet in another file": (outside_sheet, "FILE_DAMAGED"),
    "two parts of one name": (twice, "FILE_DAMAGED"),
    "encrypted parts": (sealed_zip, "FILE_ENCRYPTED"),
    "an old workbook": (lambda: b"\xd0\xcf\x11\xe0" + b"\0" * 600, "WRONG_FORMAT"),
    "text": (lambda: b"id,n\n1,2\n", "WRONG_FORMAT"),
    "nothing": (lambda: b"", "FILE_EMPTY"),
    "an empty sheet": (lambda: workbook(sheet("")), "FILE_EMPTY"),
    "a long tag": (long_tag, "FILE_DAMAGED"),
    "a far column": (
        lambda: workbook(sheet(CELL.replace("A1", "XFD1"))), "TOO_MANY_COLUMNS",
    ),
    "rows out of order": (
        lambda: workbook(sheet(CELL + CELL)), "FILE_DAMAGED",
    ),
    "a text that is not there": (
        lambda: workbook(sheet('<row><c t="s"><v>7</v></c></row>')), "FILE_DAMAGED",
    ),
    "a cell of 200,000 letters": (
        lambda: workbook(sheet(CELL.replace("id<", "x" * 200_000 + "<"))), "CELL_TOO_LONG",
    ),
    "a formula without a value": (
        lambda: workbook(sheet("<row><c><f>1+1</f></c></row>")), "FORMULA_NO_VALUE",
    ),
    "no sheet at all": (workbook, "SHEET_MISSING"),
    "two sheets": (lambda: workbook(sheet(CELL), sheet(CELL)), "SHEET_MISSING"),
}  # fmt: skip


@pytest.mark.parametrize("name", WORKBOOKS)
def test_a_hostile_workbook_is_refused(name: str) -> None:
    """Law 9: bombs, entities, lies and links of a workbook each bring one line."""
    made, code = WORKBOOKS[name]
    assert code == refusal("xlsx", made())[0]


def dictionary_bomb() -> bytes:
    """A million rows that are all one text of 5,000 letters: 5 GB in some kilobytes."""
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 10**6, pa.int32()), ["x" * 5_000])
    return parquet(pa.table({"id": column}))


def parquet(table: Any, **how: Any) -> bytes:
    """The table as Parquet."""
    sink = io.BytesIO()
    pa.parquet.write_table(table, sink, **how)
    return sink.getvalue()


class Keys(seals.KmsClient):
    """A keeper of keys that wraps them in nothing."""

    def wrap_key(self, key_bytes: bytes, _: str) -> bytes:
        return base64.b64encode(key_bytes)


def sealed(*, open_footer: bool) -> bytes:
    """Parquet whose column is encrypted, its footer too or not."""
    factory = seals.CryptoFactory(lambda _: Keys())
    how = seals.EncryptionConfiguration(
        footer_key="f", column_keys={"k": ["id"]}, plaintext_footer=open_footer
    )
    keys = factory.file_encryption_properties(seals.KmsConnectionConfig(), how)
    return parquet(pa.table({"id": ["tea"]}), encryption_properties=keys)


def ipc(table: Any, how: str | None = None, *, as_stream: bool = False) -> bytes:
    """The table as Arrow IPC."""
    sink = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression=how)
    make = pa.ipc.new_stream if as_stream else pa.ipc.new_file
    with make(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return sink.getvalue()


def one_long_cell() -> Any:
    """A table of one text of 200 MiB."""
    return pa.table({"id": ["x" * 200 * MIB]})


def miscounted() -> bytes:
    """A Parquet file whose footer states 48 rows of 47: the number stands behind the schema."""
    return written("parquet", HEADER, ROWS).replace(b"\x16\x5e", b"\x16\x60", 1)


def with_offsets(*false: int) -> bytes:
    """A file of a column of two texts, the places of their letters replaced by false ones."""
    sound = ipc(pa.table({"id": ["abc", "defg"]}))
    true = struct.pack("<iii", 0, 3, 7)
    assert sound.count(true) == 1
    return sound.replace(true, struct.pack("<iii", *false))


def with_letters(false: bytes) -> bytes:
    """The stream of a column of a text, its letters replaced by bytes that are none."""
    return ipc(pa.table({"id": ["abcdefg"]}), as_stream=True).replace(b"abcdefg", false)


def out_of_words() -> Any:
    """A column that refers to a word that its dictionary does not have."""
    column = pa.DictionaryArray.from_arrays(pa.array([0, 9], pa.int32()), ["a"], safe=False)
    return pa.table({"id": column})


def deep() -> Any:
    """A column of fields in fields in fields, 40 deep."""
    value: Any = "x"
    for _ in range(40):
        value = {"in": value}
    return pa.table({"id": [value]})


ROW_LIMIT = Limits(rows_per_file=10)
TABLES: dict[str, tuple[str, Callable[[], bytes], str, Limits]] = {
    "a bomb of one word": ("parquet", dictionary_bomb, "UNPACKED_TOO_LARGE", Limits()),
    "a page of 200 MiB": (
        "parquet", lambda: parquet(one_long_cell(), compression="zstd", use_dictionary=False),
        "UNPACKED_TOO_LARGE", SMALL,
    ),
    "a buffer of 200 MiB": (
        "arrow", lambda: ipc(one_long_cell(), "zstd"), "UNPACKED_TOO_LARGE", SMALL,
    ),
    "more rows than stated": ("parquet", miscounted, "FILE_DAMAGED", SMALL),
    "many rows": (
        "parquet", lambda: parquet(pa.table({"id": [None] * 11})), "TOO_MANY_ROWS", ROW_LIMIT,
    ),
    "many rows of nothing": (
        "arrow", lambda: ipc(pa.table({"id": pa.nulls(2**31 - 1)})), "TOO_MANY_ROWS", Limits(),
    ),
    "a footer of 4 GiB": (
        "parquet", lambda: written("parquet", HEADER, ROWS)[:-8] + b"\xf0\xff\xff\xffPAR1",
        "FILE_DAMAGED", SMALL,
    ),
    "encrypted": ("parquet", lambda: sealed(open_footer=False), "FILE_ENCRYPTED", SMALL),
    "encrypted in part": ("parquet", lambda: sealed(open_footer=True), "FILE_ENCRYPTED", SMALL),
    "no Parquet": ("parquet", lambda: b"id,n\n1,2\n", "WRONG_FORMAT", SMALL),
    "no Arrow": ("arrow", lambda: b"id,n\n1,2\n", "WRONG_FORMAT", SMALL),
    "no bytes of Parquet": ("parquet", lambda: b"", "FILE_EMPTY", SMALL),
    "no bytes of Arrow": ("arrow", lambda: b"", "FILE_EMPTY", SMALL),
    "no columns": ("arrow", lambda: ipc(pa.table({})), "FILE_EMPTY", SMALL),
    "offsets that go back": ("arrow", lambda: with_offsets(0, 5, 3), "FILE_DAMAGED", SMALL),
    "offsets far out": ("arrow", lambda: with_offsets(0, 3, 2**31 - 1), "FILE_DAMAGED", SMALL),
    "negative offsets": ("arrow", lambda: with_offsets(-9, 3, 7), "FILE_DAMAGED", SMALL),
    "letters that are none": (
        "arrow", lambda: with_letters(b"abc\xffefg"), "FILE_DAMAGED", SMALL,
    ),
    "a word that is not there": ("arrow", lambda: ipc(out_of_words()), "FILE_DAMAGED", SMALL),
    "a deep column": ("arrow", lambda: ipc(deep()), "COLUMN_TOO_DEEP", SMALL),
    "a deep column of Parquet": ("parquet", lambda: parquet(deep()), "COLUMN_TOO_DEEP", SMALL),
    "too many columns": (
        "arrow", lambda: ipc(pa.table({f"c{n}": [1] for n in range(1_001)})), "TOO_MANY_COLUMNS",
        SMALL,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_a_hostile_table_is_refused(name: str) -> None:
    """Law 9: bombs, lies and broken buffers of Parquet and Arrow each bring one line."""
    form, made, code, limits = TABLES[name]
    assert code == refusal(form, made(), limits)[0]


TEXTS: dict[str, tuple[str, bytes, str, str]] = {
    "a line of 100 MB": ("jsonl", b'{"id": "' + b"x" * 10**8, "LINE_TOO_LONG", "row 1"),
    "a line of 100 MB of CSV": ("csv", b"id\n" + b"x" * 10**8, "LINE_TOO_LONG", "row 2"),
    "100,000 lists deep": ("jsonl", b'{"id": ' + b"[" * 10**5, "JSON_TOO_DEEP", "row 1"),
    "100,000 objects deep": ("jsonl", b'{"id": ' * 10**5, "JSON_TOO_DEEP", "row 1"),
    "40 objects deep": (
        "jsonl", b'{"id":' * 40 + b"1" + b"}" * 40, "JSON_TOO_DEEP", "row 1",
    ),
    "40 lists deep": (
        "jsonl", b'{"id":' + b"[" * 40 + b"[]" + b"]" * 40 + b"}", "JSON_TOO_DEEP", "row 1",
    ),
    "cut off": ("jsonl", b'{"id": 1}\n{"id": ', "JSON_BROKEN", "row 2"),
    "no object": ("jsonl", b'{"id": 1}\n[1]\n', "JSON_BROKEN", "row 2"),
    "two objects": ("jsonl", b'{"id": 1} {"id": 2}\n', "JSON_BROKEN", "row 1"),
    "a field twice": ("jsonl", b'{"id": 1, "id": 2}\n', "JSON_BROKEN", "row 1"),
    "a path twice": ("jsonl", b'{"a.b": 1, "a": {"b": 2}}\n', "JSON_BROKEN", "row 1"),
    "half a letter": ("jsonl", b'{"id": "\\ud834"}\n', "JSON_BROKEN", "row 1"),
    "half a letter in a name": ("jsonl", b'{"\\ud834": 1}\n', "JSON_BROKEN", "row 1"),
    "latin letters": ("jsonl", b'{"id": 1}\n{"id": "\xe9"}\n', "WRONG_ENCODING", "row 2"),
    "UTF-16": ("jsonl", '{"id": 1}\n'.encode("utf-16"), "WRONG_ENCODING", "row 1"),
    "a zero byte": ("jsonl", b'{"id": "\0"}\n', "JSON_BROKEN", "row 1"),
    "1,001 fields": (
        "jsonl", b'{"id":1}\n{' + b",".join(b'"c%d":1' % n for n in range(1000)) + b"}",
        "TOO_MANY_COLUMNS", "row 2",
    ),
    "packed with gzip": ("csv", gzip.compress(b"id\n1\n"), "WRONG_FORMAT", "packed (gzip)"),
    "packed with xz": ("csv", lzma.compress(b"id\n1\n"), "WRONG_FORMAT", "packed (xz)"),
    "packed as zip": ("csv", zipped({"x.csv": b"id\n1\n"}), "WRONG_FORMAT", "packed (zip)"),
    "packed lines": ("jsonl", gzip.compress(b'{"id": 1}\n'), "WRONG_FORMAT", "packed (gzip)"),
    "packed with zstd": (
        "jsonl", pa.compress(b'{"id": 1}', "zstd", asbytes=True), "WRONG_FORMAT", "(Zstandard)",
    ),
    "a field twice of 100,000": (
        "jsonl", b"{" + b"".join(b'"%d":1,' % n for n in range(10**5)) + b'"99999":1}\n',
        "JSON_BROKEN", "stands twice: `99999`",
    ),
    "nothing": ("jsonl", b"", "FILE_EMPTY", "x.jsonl"),
    "blank lines": ("jsonl", b"\n \n", "FILE_EMPTY", "x.jsonl"),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_a_hostile_text_is_refused(name: str) -> None:
    """Law 9: depth, long lines, wrong letters and broken objects each bring one line."""
    form, data, code, place = TEXTS[name]
    found, line = refusal(form, data, Limits())
    assert (code, True) == (found, place in line)


def test_time_is_limited() -> None:
    """Law 9: a decoder that goes on for longer than it may is stopped."""
    data = book_with("xl/worksheets/sheet1.xml", f"<worksheet>{'<x/>' * 6_000_000}</worksheet>")
    code, line = refusal("xlsx", data, Limits(decoder_seconds=1))
    assert ("DECODING_TOO_LONG", "x.xlsx: decoding it takes over 1 seconds") == (code, line)


@pytest.mark.parametrize("form", PACKED)
def test_a_file_that_is_cut_off_is_refused(form: str) -> None:
    """Law 9: no end of a packed file can be left out unseen."""
    data = written(form, HEADER, ROWS)
    for part in (3, 40, 70, 95):
        codes = {"FILE_DAMAGED", "WRONG_FORMAT", "FILE_EMPTY"}
        assert refusal(form, data[: len(data) * part // 100])[0] in codes
    assert refusal(form, data[:-1])[0] == "FILE_DAMAGED"


@pytest.mark.parametrize("form", PACKED)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_changed_bytes_give_rows_or_one_error(form: str, data: st.DataObject) -> None:
    """Law 9: whatever bytes are changed, the outcome is rows of text or one InputError."""
    content = bytearray(written(form, HEADER, ROWS))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 9))
        content[at : at + 8] = data.draw(st.binary(min_size=8, max_size=8))
    try:
        found = list(blocks_apart(bytes(content), Form("x", form), SMALL))
        outcome = all(isinstance(cell, str) for b in found for row in b.rows for cell in row)
    except InputError as error:
        outcome = bool(error.code and error.hint)
    assert outcome
