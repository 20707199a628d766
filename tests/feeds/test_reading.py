"""What a reading promises: order does not matter, rows add up, references hold, nothing leaks."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feeds.reading import read
from feeds.result import FeedResult
from ontology.columns import Snapshot, record_at, table_of
from ontology.errors import InputError
from ontology.goods import Item
from ontology.partners import Customer
from ontology.places import Location
from tests.feeds.small_feed import HEADER, ORDER, SOUND, read_small, small_mapping, write

AGAIN = ORDER
OTHER = ORDER.replace(",5,", ",6,")


def accounts(result: FeedResult, file: str) -> tuple[int, int, int, int]:
    """Rows, loaded, duplicates, quarantined of one file."""
    counts = next(counts for counts in result.files if counts.file == file)
    return counts.rows, counts.loaded, counts.duplicates, counts.quarantined


def refused(result: FeedResult) -> dict[str, str]:
    """Code by `file:row` of the quarantined rows."""
    table = result.quarantined
    rows = zip(table["file"], table["row"].tolist(), table["code"], strict=True)
    return {f"{file}:{row}": code for file, row, code in rows}


def test_sound_feed_becomes_records_with_their_rows(tmp_path: Path) -> None:
    """Law: a fact is exact, and its source is the file and line that stated it."""
    result = read_small(tmp_path, {})
    order = record_at(result.tables["SalesOrder"], 0)
    assert (order.weight_micrograms, str(order.ordered_on)) == (14_300_000_000, "2013-05-26")
    assert str(result.source_of("SalesOrder", 0)) == "orders.csv, row 2"
    assert str(result.source_of("Customer", 0)) == "orders.csv, row 2"
    assert str(result.source_of("SupplyChain", 0)) == "small.yaml, row 8"
    assert refused(result) == {}


def test_equal_rows_merge_and_are_counted(tmp_path: Path) -> None:
    """Law: the same row again brings nothing new and is counted as a duplicate."""
    result = read_small(tmp_path, {"orders.csv": HEADER + ORDER + AGAIN + AGAIN})
    expected = (3, 1, 2, 0)
    assert expected == accounts(result, "orders.csv")
    assert read_small(tmp_path, {}).tables["SalesOrder"].digest == (
        result.tables["SalesOrder"].digest
    )


def test_rows_of_one_key_that_differ_are_all_set_aside(tmp_path: Path) -> None:
    """Law: no row wins by standing first, not even one that stands twice."""
    result = read_small(tmp_path, {"orders.csv": HEADER + ORDER + OTHER + AGAIN})
    expected = dict.fromkeys((f"orders.csv:{row}" for row in (2, 3, 4)), "DUPLICATE_KEY_CONFLICT")
    assert expected == refused(result)
    assert "SalesOrder" not in result.tables


def test_derived_records_that_differ_set_all_their_rows_aside(tmp_path: Path) -> None:
    """Law: where only passing mentions disagree, none of them is believed."""
    second = ORDER.replace("O1", "O2").replace("DE", "FR")
    silent = ORDER.replace("O1", "O3").replace("DE", "")
    result = read_small(tmp_path, {"orders.csv": HEADER + ORDER + second + silent})
    expected = {"orders.csv:2": "DERIVED_CONFLICT", "orders.csv:3": "DERIVED_CONFLICT"}
    assert expected == refused(result)
    assert result.tables["Customer"]["country"][0] == ""


def test_unknown_ids_are_followed_to_the_end(tmp_path: Path) -> None:
    """Law: a row that leans on a refused row is refused, however long the chain."""
    count = 3_000
    chain = "".join(f"L{i},L{i + 1}\n" for i in range(count)) + f"L{count},nowhere\nfree,\n"
    result = read_small(tmp_path, {"locations.csv": "id,part_of\n" + chain})
    assert (count + 2, 1, 0, count + 1) == accounts(result, "locations.csv")
    reasons = set(result.quarantined["reason"])
    assert "`nowhere` is not a known Location" in reasons
    assert "`L1` is a Location whose own row was set aside" in reasons


def test_circle_is_set_aside_with_what_hangs_on_it(tmp_path: Path) -> None:
    """Law: only links on the circle are circles; what is part of one points nowhere."""
    rows = "id,part_of\na,b\nb,c\nc,a\nchild,a\nfree,\n"
    result = read_small(tmp_path, {"locations.csv": rows})
    circle = dict.fromkeys((f"locations.csv:{row}" for row in (2, 3, 4)), "PART_OF_CYCLE")
    assert circle | {"locations.csv:5": "UNKNOWN_ID"} == refused(result)


def test_mention_does_not_stand_in_for_a_refused_record(tmp_path: Path) -> None:
    """Law: a customer whose own row is bad is not known bare through an order."""
    customers = "id,country\nACME,=1\n"
    result = read_small(tmp_path, {"customers.csv": customers})
    expected = {"customers.csv:2": "FORMULA_CELL", "orders.csv:2": "UNKNOWN_ID"}
    assert expected == refused(result)
    assert "`ACME` is a Customer whose own row was set aside" in result.lines()[1][0]


def test_constant_class_outside_known_may_be_unknown(tmp_path: Path) -> None:
    """Law: only the classes that the mapping lists as known must resolve."""
    lanes = "id,origin,destination,carrier\nL1,north,south,nobody\n"
    result = read_small(tmp_path, {"lanes.csv": lanes})
    assert (refused(result), result.tables["Lane"]["carrier"][0]) == ({}, "nobody")


def test_present_facts_make_ids_known_and_keep_their_fields(tmp_path: Path) -> None:
    """Law: a later feed may refer to earlier facts, and a mention does not blank them."""
    items = table_of([Item("widget", base_unit="kg")], "Item")
    present = Snapshot(1, {"Item": items, "Location": table_of([Location("north")], "Location")})
    stock = "item,location,on_hand_units,unit\nwidget,north,4,kg\n"
    paths = write(tmp_path, {"stock.csv": stock})
    chosen = [path for path in paths if path.name in {"stock.csv", "orders.csv"}]
    result = read(chosen, small_mapping(), present=present)
    assert (refused(result), result.tables["StockPosition"]["unit"][0]) == ({}, "kg")
    missing = read(chosen, small_mapping())
    assert refused(missing) == {"orders.csv:2": "UNKNOWN_ID", "stock.csv:2": "UNKNOWN_ID"}


def test_mention_keeps_what_is_known_of_a_record(tmp_path: Path) -> None:
    """Law: an order that names a customer does not blank the customer's other fields."""
    acme = table_of([Customer("ACME", name="Acme Ltd", country="AT")], "Customer")
    result = read_small(tmp_path, {}, present=Snapshot(1, {"Customer": acme}))
    found = record_at(result.tables["Customer"], 0)
    assert found == Customer("ACME", name="Acme Ltd", country="DE")


def test_packs_become_own_units_and_totals_are_derived(tmp_path: Path) -> None:
    """Law: 3 boxes of 12 are 36 units of the item, and buckets sum to the total."""
    stock = "item,location,on_hand_units,on_hold_units,unit\nwidget,north,3,1,box\n"
    packs = "item,unit,numerator,denominator\nwidget,box,12,1\n"
    result = read_small(tmp_path, {"stock.csv": stock, "packs.csv": packs})
    found = record_at(result.tables["StockPosition"], 0)
    expected = (36, 12, 48, "each")
    assert expected == (found.on_hand_units, found.on_hold_units, found.total_units, found.unit)


OFTEN = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
ROWS = st.lists(
    st.builds(
        "{},{},{},{},{},5/26/13,,1,FAST\n".format,
        st.sampled_from(["O1", "O2", "O3", "=x"]),
        st.sampled_from(["widget", "gizmo"]),
        st.sampled_from(["ACME", "BOLT", ""]),
        st.sampled_from(["DE", "FR", ""]),
        st.sampled_from(["1", "2", "-1"]),
    ),
    max_size=8,
)


@OFTEN
@given(rows=ROWS, data=st.data())
def test_row_order_changes_nothing_and_rows_add_up(
    rows: list[str], data: st.DataObject, tmp_path: Path
) -> None:
    """Law: shuffled rows give the same tables and accounts, and each row has one fate."""
    shuffled = data.draw(st.permutations(rows))
    one = read_small(tmp_path, {"orders.csv": HEADER + "".join(rows)})
    two = read_small(tmp_path, {"orders.csv": HEADER + "".join(shuffled)})
    assert {k: t.digest for k, t in one.tables.items()} == {
        k: t.digest for k, t in two.tables.items()
    }
    assert accounts(one, "orders.csv") == accounts(two, "orders.csv")
    total, loaded, duplicates, quarantined = accounts(one, "orders.csv")
    assert (len(rows), total) == (total, loaded + duplicates + quarantined)
    assert loaded == len(one.tables.get("SalesOrder") or ())
    assert quarantined == len(one.quarantined)


def test_byte_order_mark_and_line_ends_change_nothing(tmp_path: Path) -> None:
    """Law: a mark, CRLF, blanks around headers and a missing last line end say nothing."""
    plain = read_small(tmp_path, {})
    text = (HEADER + ORDER).strip().replace(",", " ,").replace("\n", "\r\n")
    other = read_small(tmp_path, {"orders.csv": b"\xef\xbb\xbf" + text.encode()})
    assert {k: t.digest for k, t in plain.tables.items()} == {
        k: t.digest for k, t in other.tables.items()
    }
    assert plain.digest != other.digest


def test_refused_constant_is_a_fault_of_the_mapping(tmp_path: Path) -> None:
    """Law: what the mapping itself states wrongly is an error with its line, not a row."""
    paths = write(tmp_path, {})
    text = SOUND["locations.csv"].replace("region,\n", "region,x\n")
    (tmp_path / "locations.csv").write_text(text)
    mapping = small_mapping()
    assert read(paths, mapping).quarantined["code"].tolist() == ["UNKNOWN_ID"] * 3


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda path: path.symlink_to("/etc/hostname"), "FILE_IS_LINK"),
        (lambda path: path.symlink_to("nowhere"), "FILE_IS_LINK"),
        (lambda path: path.mkdir(), "FILE_NOT_REGULAR"),
        (os.mkfifo, "FILE_NOT_REGULAR"),
        (lambda path: None, "FILE_MISSING"),
    ],
    ids=["link", "dangling link", "folder", "pipe", "nothing"],
)
@pytest.mark.parametrize("as_folder", [False, True])
def test_only_regular_files_are_read(make, code: str, as_folder: bool, tmp_path: Path) -> None:
    """Law: a link, folder, pipe or nothing in a file's place is refused, and nothing waits."""
    paths = write(tmp_path, {})
    (tmp_path / "orders.csv").unlink()
    make(tmp_path / "orders.csv")
    with pytest.raises(InputError) as caught:
        read([tmp_path] if as_folder else paths, small_mapping())
    assert (code, "orders.csv") == (caught.value.code, caught.value.place.file)
    assert caught.value.hint


def test_folder_without_any_mapped_file_is_refused(tmp_path: Path) -> None:
    """Law: a wrong folder is an error, not an empty feed."""
    with pytest.raises(InputError, match=r"none of the files that the mapping `small.yaml` names"):
        read([tmp_path], small_mapping())


def test_file_given_twice_is_refused(tmp_path: Path) -> None:
    """Law: two files of one name are a mistake, even where they are the same file."""
    paths = write(tmp_path, {})
    with pytest.raises(InputError) as caught:
        read([*paths, paths[0]], small_mapping())
    assert (caught.value.code, caught.value.place.file) == ("FILE_TWICE", "items.csv")


_watched: list[list[tuple[str, str]]] = []


def _listen(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and isinstance(arguments[0], int):
        return  # a stream around a file that is open already
    if _watched and (event == "open" or event.startswith(("socket", "subprocess", "os.system"))):
        _watched[-1].append((event, str(arguments[0])))


@contextmanager
def watching() -> Iterator[list[tuple[str, str]]]:
    """Everything that is opened, connected to or started meanwhile (PEP 578)."""
    if not getattr(_listen, "added", False):
        sys.addaudithook(_listen)
        _listen.added = True
    _watched.append([])
    try:
        yield _watched[-1]
    finally:
        _watched.pop()


def test_reading_opens_the_given_files_and_nothing_else(tmp_path: Path) -> None:
    """Law 9: no input reaches out, whatever its cells say."""
    rows = HEADER + ORDER + ORDER.replace("O1", "http://127.0.0.1:9/x").replace("DE", "file:///etc")
    paths = write(tmp_path, {"orders.csv": rows})
    mapping = small_mapping()
    read(paths, mapping)
    with watching() as seen:
        read(paths, mapping)
    assert sorted(("open", str(path)) for path in paths) == sorted(seen)


def test_summary_is_plain_data(tmp_path: Path) -> None:
    """Law: the account for display adds up and holds nothing but plain data."""
    bad = ORDER.replace("O1", "O2").replace("14.3", "heavy")
    summary = read_small(tmp_path, {"orders.csv": HEADER + ORDER + bad}).summary()
    expected = {"rows": 2, "loaded": 1, "duplicates": 0, "quarantined": 1}
    orders = summary["files"][-1]
    assert expected == {key: orders[key] for key in expected}
    assert (summary["reasons"], summary["quarantined_rows"]) == ({"NOT_A_NUMBER": 1}, 1)
    assert summary["quarantined"][0]["line"].startswith("orders.csv, row 3, column `weight`: ")
    assert summary["quarantined"][0]["hint"]


@OFTEN
@given(data=st.binary(max_size=60) | st.text('",\n\r=\0é;O1', max_size=60).map(str.encode))
def test_any_bytes_give_an_account_or_one_error(data: bytes, tmp_path: Path) -> None:
    """Law: whatever stands in a file, the outcome is rows accounted for or one InputError."""
    try:
        result = read_small(tmp_path, {"orders.csv": HEADER.encode() + data})
        rows, *parts = accounts(result, "orders.csv")
        outcome = ("orders.csv", rows == sum(parts))
    except InputError as error:
        outcome = (error.place.file, bool(error.hint))
    assert outcome == ("orders.csv", True)
