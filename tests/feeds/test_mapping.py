"""Mapping files: strict, plain, limited, and known by what they mean."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.limits import MAPPING_BYTES
from feeds.mapping import FED
from feeds.mapping_text import load_mapping, parse_mapping
from ontology.errors import InputError
from ontology.terms import field_kinds
from ontology.vocabulary import RECORDS
from tests.feeds.small_feed import MAPPING

ROOT = Path(__file__).parents[2]


def spoilt(old: str, new: str) -> bytes:
    """The small mapping with one passage replaced."""
    assert MAPPING.count(old) == 1
    return MAPPING.replace(old, new).encode()


def line_of(passage: str) -> int:
    """The line of the small mapping on which a passage stands."""
    return MAPPING[: MAPPING.index(passage)].count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "code", "says"),
    [
        ("version: 1", "version: one", "MAPPING_VALUE", "`one` is not a whole number"),
        ("version: 1", "versoin: 1", "MAPPING_KEY_UNKNOWN", "key `versoin` is not known here"),
        ("chain: small", "chain: ../up", "MAPPING_VALUE", "`../up` is not an identifier"),
        ("mapping/1", "mapping/9", "MAPPING_VERSION_UNKNOWN", "`evenkeel-mapping/9` is a form"),
        ("[Item, Location, Supplier]", "[Thing]", "MAPPING_VALUE", "`Thing` is not possible"),
        ("file: orders.csv", "file: ../orders.csv", "FILE_OUTSIDE", "not the plain name"),
        ("file: orders.csv", "file: /etc/passwd", "FILE_OUTSIDE", "not the plain name"),
        ("file: orders.csv", "file: lots.csv", "MAPPING_VALUE", "file `lots.csv` stands twice"),
        ("class: SalesOrder", "class: Approval", "MAPPING_VALUE", "no feed fills a class"),
        ("class: SalesOrder", "class: Plan", "MAPPING_VALUE", "no feed fills a class `Plan`"),
        (
            "as: decimal, factor: 1000000000, sign: $",
            "as: decimal, sign: by_kind",
            "MAPPING_VALUE",
            "no kind that says the sign",
        ),
        ("as: decimal", "as: float", "MAPPING_VALUE", "`float` is not possible here"),
        ("m/d/yy, pivot: 70", "m/d/yy", "MAPPING_KEY_MISSING", "key `pivot` is missing"),
        ("m/d/yyyy", "m/yyyy", "MAPPING_VALUE", "does not state day, month and year"),
        ("{Batch}-{Plant}", "{Batch}{Plant}", "MAPPING_VALUE", "side by side"),
        ("        quantity_units: Quantity\n", "", "MAPPING_KEY_MISSING", "`quantity_units`"),
        ("quantity_units: Quantity", "quantity: Quantity", "MAPPING_KEY_UNKNOWN", "`quantity`"),
        ("missing: [12/31/9999, never]", "factor: 3", "MAPPING_KEY_UNKNOWN", "`factor` has no"),
        ("FAST: fast", "SLOW: fast", "MAPPING_VALUE", "key `SLOW` stands twice"),
        ("when: Customer", "where: Customer", "MAPPING_KEY_UNKNOWN", "key `where`"),
        ("{id: {constant: small}}", "{id: Id}", "MAPPING_VALUE", "a constant is expected"),
        ("{id: {constant: small}}", "{id: {constant: =1}}", "MAPPING_VALUE", "formula"),
        ("chain: small", "chain: &a small", "MAPPING_NOT_PLAIN", "aliases are not used"),
        ("chain: small", "chain: !!python/name:os.system small", "MAPPING_NOT_PLAIN", "tags"),
        ("chain: small", "chain: *a", "MAPPING_NOT_PLAIN", "aliases are not used"),
        ("chain: small", "chain: [small", "MAPPING_NOT_YAML", "this is not YAML"),
        ("chain: small", "chain: " + "[" * 20 + "]" * 20, "MAPPING_TOO_LARGE", "deeper than 12"),
    ],
)
def test_fault_in_a_mapping_names_line_and_cure(old: str, new: str, code: str, says: str) -> None:
    """Law: an unknown key or value is refused at its line, never ignored."""
    with pytest.raises(InputError) as caught:
        parse_mapping(spoilt(old, new), "small.yaml")
    assert (code, "small.yaml") == (caught.value.code, caught.value.place.file)
    assert says in caught.value.what
    assert abs(caught.value.place.row - line_of(old)) <= 5
    assert caught.value.hint


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "MAPPING_NOT_YAML"),
        (b"\xff", "MAPPING_NOT_YAML"),
        (b"a: \x01", "MAPPING_NOT_YAML"),
        (b"a: b\n---\nc: d", "MAPPING_NOT_YAML"),
        (b"#" * (MAPPING_BYTES + 1), "MAPPING_TOO_LARGE"),
        (b"[" + b"a," * 30_000 + b"]", "MAPPING_TOO_LARGE"),
        (b"just text", "MAPPING_VALUE"),
    ],
    ids=["empty", "not utf-8", "control", "two documents", "bytes", "nodes", "text"],
)
def test_what_is_no_mapping_is_refused(data: bytes, code: str) -> None:
    """Law: any bytes at all give a mapping or one InputError."""
    with pytest.raises(InputError) as caught:
        parse_mapping(data, "m.yaml")
    assert code == caught.value.code


def test_digest_is_of_the_meaning() -> None:
    """Law: comments, layout and file name change nothing; a factor or an enumeration does."""
    plain = parse_mapping(MAPPING.encode(), "a.yaml").digest
    laid_out = MAPPING.replace("version: 1", "version:   1   # the first")
    quoted = laid_out.replace("chain: small", 'chain: "small"')
    assert plain == parse_mapping(quoted.encode(), "b.yaml").digest
    other = (("1000000000", "1000"), ("FAST: fast", "FAST: quick"), ("small}", "large}"),
             ("pivot: 70", "pivot: 71"), ("never]", "ever]"))  # fmt: skip
    changed = {parse_mapping(spoilt(old, new), "a.yaml").digest for old, new in other}
    assert len({plain, *changed}) == 1 + len(other)


def test_yaml_types_are_not_guessed() -> None:
    """Law: `no`, `1.10` and `2020-01-01` are the texts that a person wrote."""
    for text in ("no", "1.10", "2020-01-01", "0x1f", "null"):
        mapping = parse_mapping(spoilt("constant: small", f"constant: {text}"), "a.yaml")
        assert text == mapping.constants[0].fields[0].constant


def test_every_reference_is_to_a_class_known_by_id() -> None:
    """Law: whatever a fed record refers to has the single key `id`."""
    for name in FED:
        for kind in field_kinds(RECORDS[name]).values():
            assert not kind.refers_to or RECORDS[kind.refers_to].KEY == ("id",)


@pytest.mark.parametrize(
    "path",
    [*(ROOT / "feeds/mappings").glob("*.yaml"), ROOT / "examples/two_hubs/mapping.yaml"],
    ids=str,
)
def test_shipped_mappings_load(path: Path) -> None:
    """Law: every mapping that the project ships is one."""
    assert re.fullmatch("[0-9a-f]{64}", load_mapping(path).digest)


@settings(max_examples=200, deadline=None)
@given(
    at=st.integers(0, len(MAPPING)),
    cut=st.integers(0, 12),
    put=st.text("{}[]:,-#&*!|>'\"\n a1%@`é", max_size=6),
)
def test_any_slip_in_a_mapping_is_one_error_or_a_mapping(at: int, cut: int, put: str) -> None:
    """Law: a damaged mapping is refused with its file, or still means something; no traceback."""
    try:
        mapping = parse_mapping((MAPPING[:at] + put + MAPPING[at + cut :]).encode(), "m.yaml")
        outcome = mapping.digest
    except InputError as error:
        outcome = f"{error.place.file} {error.code}"
    assert re.fullmatch("[0-9a-f]{64}|m.yaml (MAPPING|FILE)_[A-Z_]+", outcome)
