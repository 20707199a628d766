"""Every kind of bad input by code and place: rows that are set aside, files that are refused."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from feeds.gates.findings import ROW_HINTS
from feeds.limits import Limits
from feeds.reading import read
from feeds.refusals import HINTS
from ontology.errors import InputError
from ontology.word_lists import MEASURES
from solver.model.resources import MEASURES as COUNTED
from tests.feeds.small_feed import HEADER, ORDER, read_small, small_mapping, write

STOCK = "item,location,on_hand_units,unit\n"
LANES = "id,origin,destination\n"
POLICY = "item,location,"
OFFERS = "supplier,item,location,price_micros,lot_multiple_units\n"
ACME: dict[str, str | bytes] = {"suppliers.csv": "id\nacme\n"}
SEEN = "item,location,on,quantity_units\n"


@dataclass(frozen=True)
class Case:
    """Files that spoil the sound feed, and the complaint that they must bring."""

    name: str
    files: dict[str, str | bytes]
    code: str
    file: str
    row: int
    column: str
    says: str
    limits: Limits = field(default_factory=Limits)


def order(**cells: str) -> str:
    """An order row with some cells replaced, by column name."""
    names = HEADER.strip().split(",")
    row = dict(zip(names, ORDER.strip().split(","), strict=True)) | cells
    return ",".join(row[name] for name in names) + "\n"


def orders(*rows: str) -> dict[str, str | bytes]:
    """The orders file with these rows."""
    return {"orders.csv": HEADER + "".join(rows)}


def bad(name: str, code: str, column: str, says: str, **cells: str) -> Case:
    """A case of one bad cell in row 3 of the orders, after a sound row."""
    return Case(
        name, orders(ORDER, order(**{"Order": "O2", **cells})), code, "orders.csv", 3, column, says
    )


ROWS = [
    bad("unknown id", "UNKNOWN_ID", "Product", "`gizmo` is not a known Item", Product="gizmo"),
    bad("NaN", "NOT_FINITE", "weight", "`NaN` is not a finite number", weight="NaN"),
    bad("infinity", "NOT_FINITE", "weight", "`-inf` is not a finite", weight="-inf"),
    bad("NaN where integer", "NOT_FINITE", "Quantity", "`nan` is not a finite", Quantity="nan"),
    bad("fraction of a unit", "NOT_AN_INTEGER", "Quantity", "`1.5` is not a whole", Quantity="1.5"),
    bad("exponent", "NOT_A_NUMBER", "weight", "`1e5` is not a number", weight="1e5"),
    bad("other digits", "NOT_AN_INTEGER", "Quantity", "`٣` is not a whole", Quantity="٣"),
    bad("too fine", "NOT_EXACT", "weight", "is not a whole number", weight="0.0000000001"),
    bad("too large", "NUMBER_RANGE", "weight", "digits long", weight="9007199.254740992"),
    bad("negative order", "NEGATIVE_QUANTITY", "Quantity", "`-3` is less than 0", Quantity="-3"),
    bad("negative weight", "NEGATIVE_QUANTITY", "weight", "`-0.5` is less", weight="-0.5"),
    bad("grouping slip", "NOT_A_NUMBER", "weight", "`1,23` is not a number", weight='"1,23"'),
    bad("month 13", "NOT_A_DATE", "Day", "`13/1/13` is not a day of the calendar", Day="13/1/13"),
    bad("no leap day", "NOT_A_DATE", "Day", "not a day of the calendar", Day="2/29/13"),
    bad("other form", "NOT_A_DATE", "Day", "not a day in the form `m/d/yy`", Day="2013-05-26"),
    bad("year 0", "IMPLAUSIBLE_DATE", "Due", "outside the years 1900 to 2199", Due="1/1/0000"),
    bad("year 9999", "IMPLAUSIBLE_DATE", "Due", "`1/1/9999` is outside", Due="1/1/9999"),
    bad("unknown value", "UNKNOWN_VALUE", "Service", "`fast` is none of", Service="fast"),
    bad("blank required", "BLANK_CELL", "Quantity", "the cell is blank", Quantity=" "),
    bad("formula =", "FORMULA_CELL", "Order", "starts like a spreadsheet formula", Order="=1+1"),
    bad("formula @", "FORMULA_CELL", "Land", "`@SUM(A1)` starts like", Land="@SUM(A1)"),
    bad("formula +", "FORMULA_CELL", "Customer", "`+cmd` starts like", Customer="+cmd"),
    bad("formula -", "FORMULA_CELL", "Order", "`-2+3` starts like", Order=" -2+3"),
    bad("formula, wide", "FORMULA_CELL", "Order", "`＝A1` starts like", Order="＝A1"),
    bad("bell", "CONTROL_CHARACTER", "Land", "invisible character", Land="D\x07E"),
    bad("mark of direction", "CONTROL_CHARACTER", "Order", "invisible", Order="O\u202e2"),
    bad("line break in an id", "CONTROL_CHARACTER", "Order", "invisible", Order='"O\n2"'),
    Case("derived differs", orders(ORDER, order(Order="O2", Land="FR"))
         | {"customers.csv": "id,country\nACME,DE\n"}, "DERIVED_CONFLICT", "orders.csv", 3, "Land",
         "Customer `ACME` has another `country` elsewhere than `FR`"),
    Case("huge cell", orders(ORDER, order(Order="O2", Land="x" * 10_001)), "CELL_TOO_LONG",
         "orders.csv", 3, "Land", "10001 characters, more than 10000"),
    Case("blank row", orders(ORDER, ",,,,,,,,\n"), "BLANK_ROW", "orders.csv", 3, "", "is blank"),
    Case("empty line", orders("\n", ORDER), "BLANK_ROW", "orders.csv", 2, "", "is blank"),
    Case("short row", orders("O1,widget\n"), "RAGGED_ROW", "orders.csv", 2, "", "has 2 cells"),
    Case("long row", orders(ORDER.strip() + ",x\n"), "RAGGED_ROW", "orders.csv", 2, "",
         "has 10 cells, the header 9"),
    Case("after quoted breaks", orders(order(Land='"D\nE\r\nF"'), order(Quantity="x")),
         "NOT_AN_INTEGER", "orders.csv", 5, "Quantity", "`x` is not a whole number"),
    Case("negative stock", {"stock.csv": STOCK + "widget,north,-4,each\n"}, "NEGATIVE_QUANTITY",
         "stock.csv", 2, "on_hand_units", "`-4` is less than 0"),
    Case("negative storage", {"locations.csv": "id,storage_capacity_units\nnorth,-1\n"},
         "NEGATIVE_QUANTITY", "locations.csv", 2, "storage_capacity_units", "`-1` is less than 0"),
    Case("negative handling", {"locations.csv": "id,handling_capacity_units_per_day\nnorth,-1\n"},
         "NEGATIVE_QUANTITY", "locations.csv", 2, "handling_capacity_units_per_day", "less than 0"),
    Case("off the globe", {"locations.csv": "id,latitude_microdegrees\nnorth,-90000001\n"},
         "OUT_OF_RANGE", "locations.csv", 2, "latitude_microdegrees", "is less than -90000000"),
    Case("service beyond all",
         {"policies.csv": POLICY + "service_level_percent\nwidget,north,500\n"},
         "OUT_OF_RANGE", "policies.csv", 2, "service_level_percent", "`500` is more than 100"),
    Case("review in the past", {"policies.csv": POLICY + "review_period_days\nwidget,north,-60\n"},
         "NEGATIVE_QUANTITY", "policies.csv", 2, "review_period_days", "`-60` is less than 0"),
    Case("lead time in the past", {"lanes.csv": "id,origin,destination,lead_time_days\n"
         "L1,north,south,-60\n"}, "NEGATIVE_QUANTITY", "lanes.csv", 2, "lead_time_days",
         "`-60` is less than 0"),
    Case("lead time without end", {"lanes.csv": "id,origin,destination,lead_time_days\n"
         "L1,north,south,100001\n"}, "OUT_OF_RANGE", "lanes.csv", 2, "lead_time_days",
         "`100001` is more than 100000"),
    Case("negative cost", {"lanes.csv": "id,origin,destination,cost_per_unit_micros\n"
         "L1,north,south,-1\n"}, "NEGATIVE_QUANTITY", "lanes.csv", 2, "cost_per_unit_micros",
         "`-1` is less than 0"),
    Case("price below nothing", ACME | {"offers.csv": OFFERS + "acme,widget,north,-90,1\n"},
         "NEGATIVE_QUANTITY", "offers.csv", 2, "price_micros", "`-90` is less than 0"),
    Case("lots of nothing", ACME | {"offers.csv": OFFERS + "acme,widget,north,90,0\n"},
         "NOT_POSITIVE", "offers.csv", 2, "lot_multiple_units", "`0` is less than 1"),
    Case("negative backlog", {"backlog.csv": "item,location,quantity_units\nwidget,north,-5\n"},
         "NEGATIVE_QUANTITY", "backlog.csv", 2, "quantity_units", "`-5` is less than 0"),
    Case("no such zone", {"locations.csv": "id,time_zone\nnorth,Europe/Berln\n"}, "ZONE_UNKNOWN",
         "locations.csv", 2, "time_zone", "`Europe/Berln` is no IANA time zone"),
    Case("zone in small letters", {"locations.csv": "id,time_zone\nnorth,europe/berlin\n"},
         "ZONE_UNKNOWN", "locations.csv", 2, "time_zone", "`europe/berlin` is no IANA"),
    Case("currency of four letters", {"policies.csv": POLICY + "currency\nwidget,north,EURO\n"},
         "CURRENCY_UNKNOWN", "policies.csv", 2, "currency", "`EURO` is not a currency code"),
    Case("currency in small letters", {"policies.csv": POLICY + "currency\nwidget,north,eur\n"},
         "CURRENCY_UNKNOWN", "policies.csv", 2, "currency", "`eur` is not a currency code"),
    Case("kind of place", {"locations.csv": "id,kind\nnorth,warehouse\n"}, "NOT_IN_LIST",
         "locations.csv", 2, "kind", "`warehouse` is none of: plant, hub, distribution centre"),
    Case("status of a lane", {"lanes.csv": "id,origin,destination,status\n"
         "L1,north,south,opn\n"}, "NOT_IN_LIST", "lanes.csv", 2, "status", "`opn` is none of"),
    Case("what a dock counts", {"docks.csv": "location,measure,capacity_per_day\nnorth,units,4\n"
         "north,pallets,4\n"}, "NOT_IN_LIST", "docks.csv", 3, "measure",
         "`pallets` is none of: orders, units, grams, cubic centimetres"),
    Case("what a truck counts", {"lanes.csv": LANES + "L1,north,south\n", "trucks.csv":
         "lane,measure,capacity_per_load,cost_per_load_cents\nL1,orders,4,100\n"}, "NOT_IN_LIST",
         "trucks.csv", 2, "measure", "`orders` is none of: units, grams, cubic centimetres"),
    Case("weekday", {"calendars.csv": "id,open_weekdays\nC,monday|teusday\n"}, "WEEKDAY_UNKNOWN",
         "calendars.csv", 2, "open_weekdays", "`teusday` is none of: monday"),
    Case("sold tomorrow", {"seen.csv": SEEN + "widget,north,2026-03-02,1\n"
         "widget,north,2126-03-03,1\n"}, "DATE_FUTURE", "seen.csv", 3, "on",
         "`2126-03-03` is after `2026-03-02`", Limits(last_day=date(2026, 3, 2))),
    Case("counted tomorrow", {"stock.csv": "item,location,counted_on\nwidget,north,2027-01-01\n"},
         "DATE_FUTURE", "stock.csv", 2, "counted_on", "`2027-01-01` is after `2026-03-02`",
         Limits(last_day=date(2026, 3, 2))),
    Case("mixed units", {"stock.csv": STOCK + "widget,north,4,pallet\n"}, "MIXED_UNITS",
         "stock.csv", 2, "unit", "`widget` is kept in `each`, and nothing converts `pallet`"),
    Case("part of a unit", {"stock.csv": STOCK + "widget,north,3,half\n",
         "packs.csv": "item,unit,numerator,denominator\nwidget,half,1,2\n"}, "NOT_WHOLE_UNITS",
         "stock.csv", 2, "on_hand_units", "3 `half` of `widget` is not a whole number"),
    Case("pack of nothing", {"packs.csv": "item,unit,numerator,denominator\nwidget,box,6,0\n"},
         "NOT_POSITIVE", "packs.csv", 2, "denominator", "`0` is less than 1"),
    Case("total beyond range", {"stock.csv": "item,location,on_hand_units,on_hold_units\n"
         "widget,north,9007199254740991,1\n"}, "NUMBER_RANGE",
         "stock.csv", 2, "on_hand_units", "has 9007199254740992 units here"),
    Case("blank stock is not zero", {"stock.csv": STOCK + "widget,north,,each\n"}, "BLANK_CELL",
         "stock.csv", 2, "on_hand_units", "the cell is blank"),
    Case("lane to itself", {"lanes.csv": LANES + "L1,north,north\n"}, "LANE_TO_ITSELF",
         "lanes.csv", 2, "destination", "both ends are `north`"),
    Case("substitute of itself", {"swaps.csv": "item,replacement\nwidget,widget\n"},
         "SUBSTITUTE_OF_ITSELF", "swaps.csv", 2, "replacement", "both ends are `widget`"),
    Case("part of itself", {"locations.csv": "id,part_of\na,\nb,b\n"}, "PART_OF_CYCLE",
         "locations.csv", 3, "part_of", "`b` comes back to itself through `b`"),
    Case("made of itself", {"parts.csv": "item,component,numerator\nwidget,widget,1\n"},
         "COMPONENT_CYCLE", "parts.csv", 2, "component", "`widget` comes back to itself"),
    Case("buys from itself", {"upstream.csv": "supplier,upstream,item\nacme,acme,widget\n"},
         "UPSTREAM_CIRCLE", "upstream.csv", 2, "upstream", "`acme` comes back to itself"),
    Case("stands on itself", {"pallets.csv": "sscc,parent_sscc\nP1,P1\n"}, "HANDLING_UNIT_CYCLE",
         "pallets.csv", 2, "parent_sscc", "`P1` comes back to itself"),
    Case("template", {"lots.csv": "Batch,Plant,Product\n1-2,3,widget\n"}, "AMBIGUOUS_TEMPLATE",
         "lots.csv", 2, "Batch", "`1-2` holds the template's separator `-`"),
    Case("hole in a list", {"people.csv": "id,roles\np,a||b\n"}, "BLANK_CELL", "people.csv", 2,
         "roles", "the list `a||b` has a blank element"),
]  # fmt: skip


@pytest.mark.parametrize("case", ROWS, ids=lambda case: case.name)
def test_bad_row_is_set_aside_with_code_place_and_reason(case: Case, tmp_path: Path) -> None:
    """Law: a bad row is quarantined at its line and column, and every sound row is loaded."""
    result = read_small(tmp_path, case.files, case.limits)
    found = result.quarantined
    assert [case.code] == found["code"].tolist()
    assert (case.file, case.row, case.column) == (
        found["file"][0], int(found["row"][0]), found["column"][0],
    )  # fmt: skip
    line, hint = result.lines()[0]
    assert case.says in line
    assert f"{HINTS[case.code]} [{case.code}]" == hint
    for counts in result.files:
        expected = 1 if counts.file == case.file else 0
        assert expected == counts.quarantined
        assert counts.rows == counts.loaded + counts.duplicates + counts.quarantined


TWO_BYTES = HEADER + ORDER + "O2,widget,Müller,DE,5,5/26/13,,1,FAST\n"
AT = TWO_BYTES.index("ü")
FILES = [
    Case("wrong encoding", {"orders.csv": TWO_BYTES.encode("latin-1")}, "WRONG_ENCODING",
         "orders.csv", 3, "", f"byte {AT} (0xfc) is not utf-8"),
    Case("wrong encoding after a mark",
         {"orders.csv": b"\xef\xbb\xbf" + TWO_BYTES.encode("latin-1")}, "WRONG_ENCODING",
         "orders.csv", 3, "", f"byte {AT + 3} (0xfc) is not utf-8"),
    Case("utf-16", {"orders.csv": TWO_BYTES.encode("utf-16")}, "WRONG_ENCODING",
         "orders.csv", 1, "", "the file is UTF-16"),
    Case("NUL", {"orders.csv": HEADER + ORDER + "O\0"}, "NUL_BYTE", "orders.csv", 3, "", "NUL"),
    Case("empty", {"orders.csv": b""}, "FILE_EMPTY", "orders.csv", 0, "", "the file is empty"),
    Case("a mark alone", {"orders.csv": b"\xef\xbb\xbf"}, "FILE_EMPTY", "orders.csv", 0, "", ""),
    Case("blanks alone", {"orders.csv": " \r\n\r\n"}, "FILE_EMPTY", "orders.csv", 0, "", ""),
    Case("endless line", orders(ORDER, "x" * 2_000), "LINE_TOO_LONG", "orders.csv", 3, "",
         "longer than 1000 characters", Limits(line_characters=1_000)),
    Case("too many rows", orders(ORDER * 4), "TOO_MANY_ROWS", "orders.csv", 5, "",
         "more than 3 rows", Limits(rows_per_file=3)),
    Case("too many bytes", orders(ORDER * 100), "FILE_TOO_LARGE", "orders.csv", 0, "",
         "larger than 1000 bytes", Limits(file_bytes=1_000)),
    Case("too many bytes in all", orders(ORDER), "FILE_TOO_LARGE", "orders.csv", 0, "",
         "larger than", Limits(feed_bytes=len(HEADER + ORDER))),
    Case("too many columns", orders(ORDER), "TOO_MANY_COLUMNS", "orders.csv", 1, "",
         "9 columns are more than 8", Limits(columns=8)),
    Case("too many files", {}, "TOO_MANY_FILES", "", 0, "", "3 files are more than 2",
         Limits(files=2)),
    Case("huge cell", orders('"' + "x\n" * 70_000 + '"\n'), "CELL_TOO_LONG", "orders.csv", 2, "",
         "a cell has over"),
    Case("quote never closed", orders(ORDER, 'O2,"widget\n'), "BROKEN_QUOTES", "orders.csv", 3,
         "", "quotes of this row do not match"),
    Case("text after a quote", orders('"O"2,widget\n'), "BROKEN_QUOTES", "orders.csv", 2, "",
         "quotes of this row do not match"),
    Case("no header", {"orders.csv": ORDER}, "HEADER_MISSING", "orders.csv", 1, "Customer",
         "the file has no such column"),
    Case("column missing", {"orders.csv": HEADER.replace("weight", "Weight") + ORDER},
         "HEADER_MISSING", "orders.csv", 1, "weight", "the file has no such column"),
    Case("column twice", {"orders.csv": HEADER.replace("Service", "Land ") + ORDER},
         "HEADER_DUPLICATE", "orders.csv", 1, "Land", "the column stands 2 times"),
    Case("another delimiter", {"orders.csv": (HEADER + ORDER).replace(",", ";")}, "HEADER_MISSING",
         "orders.csv", 1, "Customer", "the file has no such column"),
    Case("needed field missing", {"lanes.csv": "id,origin\n"}, "HEADER_MISSING", "lanes.csv", 1,
         "destination", "the file has no such column"),
    Case("unknown field", {"lanes.csv": "id,origin,destination,speed\n"}, "HEADER_UNKNOWN",
         "lanes.csv", 1, "speed", "Lane has no such field"),
    Case("file not in the mapping", {"extra.csv": "a\n"}, "FILE_NOT_MAPPED", "extra.csv", 0, "",
         "does not name this file"),
]  # fmt: skip


@pytest.mark.parametrize("case", FILES, ids=lambda case: case.name)
def test_unusable_file_is_refused_with_code_place_and_hint(case: Case, tmp_path: Path) -> None:
    """Law: a file that cannot be used as a whole is one InputError with its place and a cure."""
    with pytest.raises(InputError) as caught:
        read_small(tmp_path, case.files, case.limits)
    place = caught.value.place
    assert case.code == caught.value.code
    assert (case.file, case.row, case.column) == (place.file, place.row, place.column)
    assert case.says in caught.value.what
    assert caught.value.hint or case.code == "TOO_MANY_FILES"


def test_a_column_that_is_no_field_is_told_which_there_are(tmp_path: Path) -> None:
    """Law: the hint names the fields that have no column yet, and none that has one."""
    with pytest.raises(InputError) as caught:
        read_small(tmp_path, {"lanes.csv": "id,origin,destination,speed\n"}, Limits())
    assert caught.value.hint is not None
    assert "`lead_time_days`, " in caught.value.hint
    assert "`origin`" not in caught.value.hint


@pytest.mark.parametrize(("mark", "named"), [(";", '";"'), ("\t", "tab"), ("|", '"|"')])
def test_another_delimiter_is_named(mark: str, named: str, tmp_path: Path) -> None:
    """Law: where the header has the column once it is cut elsewhere, the hint says how to cut."""
    with pytest.raises(InputError) as caught:
        read_small(tmp_path, {"orders.csv": (HEADER + ORDER).replace(",", mark)})
    assert f"`delimiter: {named}`" in caught.value.hint


def test_a_path_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    """Law: a folder or file that does not exist is missing, not unknown to the mapping."""
    for name, expected in (("none", "no such folder"), ("none.csv", "no such file")):
        with pytest.raises(InputError, match=expected) as caught:
            read([tmp_path / name], small_mapping())
        assert "FILE_MISSING" == caught.value.code


def test_what_has_been_is_no_later_than_its_telling(tmp_path: Path) -> None:
    """Law: the mapping's own day binds, else the day after reading: each day of the world counts.

    Without either no clock is asked.
    """
    read_on = date(2026, 3, 1)
    days = [read_on + timedelta(days=ahead) for ahead in (0, 1, 2)]
    rows = "".join(f"widget,north,{day},1\n" for day in days)
    paths = write(tmp_path, {"seen.csv": SEEN + rows})
    told = replace(small_mapping(), as_of=days[0])
    for mapping, on, expected in (
        (small_mapping(), read_on, 2), (told, read_on, 1), (told, None, 1),
        (small_mapping(), None, 3), (replace(told, as_of=days[2]), read_on, 3),
    ):  # fmt: skip
        assert expected == len(read(paths, mapping, read_on=on).tables["DemandObservation"])


def test_plain_negative_number_is_no_formula(tmp_path: Path) -> None:
    """Law: `-5` in a column of numbers is a number; only text can be a formula."""
    items = "id,shelf_life_days\nwidget,30\n"
    places = "id,latitude_microdegrees\nnorth,-5\n"
    result = read_small(tmp_path, {"items.csv": items, "locations.csv": places})
    expected = ([-5], 0)
    column = result.tables["Location"]["latitude_microdegrees"]
    assert expected == (column.tolist(), len(result.quarantined))


def test_every_row_code_is_tried_here() -> None:
    """Law: no code of a quarantined row goes without a case that shows it."""
    elsewhere = {"DUPLICATE_KEY_CONFLICT", "LINK_MISMATCH", "LINK_CIRCLE"}  # in this folder
    elsewhere |= {"RULE_VIOLATION", "CLOCK_CONFLICT", "KEY_TOO_LONG"}  # in tests/service
    elsewhere |= ROW_HINTS.keys()  # in tests/feeds/gates
    elsewhere |= {code for code in HINTS if code.startswith("EVENT_")}  # in tests/feeds/epcis
    elsewhere |= {code for code in HINTS if code.startswith("RDF_")}  # in tests/feeds/rdf
    elsewhere |= {"KEY_FORM", "CHECK_DIGIT"}
    assert set(HINTS) == {case.code for case in ROWS} | elsewhere


def test_line_reads_as_place_then_reason(tmp_path: Path) -> None:
    """Law: an integrator reads file, row, column, then what is wrong, in one line."""
    result = read_small(tmp_path, orders(ORDER, order(Order="O2", weight="heavy")))
    expected = "orders.csv, row 3, column `weight`: `heavy` is not a number in the stated form"
    assert expected == result.lines()[0][0]
    said = order(Order="O2", weight="heavy").strip()
    assert said == result.quarantined["text"][0]


def test_what_a_capacity_may_be_counted_in_is_what_the_planner_counts() -> None:
    """The list that rows are held to is the one that capacities are built from."""
    assert tuple(COUNTED) == MEASURES
