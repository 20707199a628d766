"""The real SCMS deliveries through their mapping, against counts of the csv module alone."""

import csv
import os
import re
from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from feeds.mapping_text import load_mapping
from feeds.reading import read
from feeds.result import FeedResult
from ontology.columns import MISSING, Table

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("EVENKEEL_SHARED") or ROOT.parent / "shared")
DATA = SHARED / "data" / "usaid_scms"
FILE = "SCMS_Delivery_History_Dataset.csv"
pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"the real SCMS data is not at {DATA}; set EVENKEEL_SHARED"
)
WEIGHT, FREIGHT = "Weight (Kilograms)", "Freight Cost (USD)"
REFERENCE = re.compile(r"See (?:ASN|DN)-\d+ \(ID#:(\d+)\)")


@pytest.fixture(scope="module")
def raw() -> dict[str, dict[str, str]]:
    """The rows of the file by ID, read without the product's reader."""
    with (DATA / FILE).open(newline="", encoding="utf-8-sig") as stream:
        return {row["ID"]: row for row in csv.DictReader(stream)}


@pytest.fixture(scope="module")
def result() -> FeedResult:
    """The real feed, read once."""
    return read([DATA], load_mapping(ROOT / "feeds/mappings/scms.yaml"))


@pytest.fixture(scope="module")
def lines(result: FeedResult) -> Table:
    """The delivery lines."""
    return result.tables["DeliveryLine"]


def stated(lines: Table, field: str) -> list[int]:
    """The numbers of a field that are stated."""
    return [value for value in lines[field].tolist() if value != MISSING]


def test_every_line_is_kept(result: FeedResult, raw: dict[str, dict[str, str]]) -> None:
    """Law: 10,324 lines come in, none merged, none set aside, with all that they mention."""
    counts = result.files[0]
    assert (10_324, 10_324, 0, 0) == (
        counts.rows, counts.loaded, counts.duplicates, counts.quarantined,
    )  # fmt: skip
    lines = result.tables["DeliveryLine"]
    assert set(raw) == set(lines["id"])
    sizes = {"Item": 184, "Supplier": 73, "Location": 87, "DeliveryLine": 10_324}
    assert sizes == {name: len(result.tables[name]) for name in sizes}
    assert (43, 4) == (len(set(lines["country"])), len(set(lines["mode"]) - {""}))
    # 88 texts stand for the site; one of them says that there is none.
    sites = Counter(row["Manufacturing Site"] for row in raw.values())
    assert (88, 12) == (len(sites), sites["Not Applicable"])
    assert Counter(lines["site_status"]) == {"stated": 10_312, "not applicable": 12}


def test_references_are_linked_and_sums_do_not_grow(
    lines: Table, raw: dict[str, dict[str, str]]
) -> None:
    """Law: 2,445 lines, 4,890 cells refer to another line, and no number is copied to them."""
    for column, link, number, scale, total in (
        (WEIGHT, "weight_line", "weight_micrograms", 10**9, 21_820_540),
        (FREIGHT, "freight_line", "freight_cents", 100, Decimal("68817849.41")),
    ):
        said = {key: found[1] for key, row in raw.items()
                if (found := REFERENCE.fullmatch(row[column]))}  # fmt: skip
        found = {key: to for key, to in zip(lines["id"], lines[link], strict=True) if to}
        assert (2_445, said) == (len(found), found)
        numbers = [Decimal(row[column]) for row in raw.values()
                   if re.fullmatch(r"[0-9.]+", row[column])]  # fmt: skip
        assert total == sum(numbers)
        assert (len(numbers), sum(numbers) * scale) == (
            len(stated(lines, number)), sum(stated(lines, number)),
        )  # fmt: skip


def test_each_cell_of_words_becomes_a_basis(lines: Table, result: FeedResult) -> None:
    """Law: what a number rests on is known of every line, gaps taken over and counted."""
    assert Counter(lines["weight_basis"]) == {
        "stated": 6_372,
        "on another line": 2_445 - 126,
        "captured separately": 1_507 + 126,
    }
    assert Counter(lines["freight_basis"]) == {
        "stated": 6_198,
        "on another line": 2_445 - 105,
        "included in commodity cost": 1_442,
        "invoiced separately": 239 + 105,
    }
    told = {
        "weight_basis: taken over, captured separately": 126,
        "weight_line: linked": 2_445,
        "freight_basis: taken over, invoiced separately": 105,
        "freight_line: linked": 2_445,
    }
    assert told.items() <= {k.partition(".")[2]: n for k, n in result.counts.items()}.items()
    assert 10_324 - 287 == len(stated(lines, "insurance_cents"))


def test_words_in_the_place_of_days_are_told_apart(lines: Table) -> None:
    """Law: no day is invented, and each gap says which of three reasons it has."""
    assert Counter(lines["quoted_status"]) == {
        "stated": 7_643, "before quotation process": 2_476, "not captured": 205,
    }  # fmt: skip
    assert Counter(lines["ordered_status"]) == {
        "stated": 4_592, "from regional distribution centre": 5_404, "not captured": 328,
    }  # fmt: skip
    for field in ("quoted", "ordered"):
        gaps = np.isnat(lines[f"{field}_on"])
        assert (gaps == (lines[f"{field}_status"] != "stated")).all()
    for field in ("scheduled_on", "delivered_on", "recorded_on"):
        assert not np.isnat(lines[field]).any()


def test_days_have_the_month_first(lines: Table, raw: dict[str, dict[str, str]]) -> None:
    """Law: every day is the one of the file; the forms m/d/yy and mm/dd/yyyy both occur."""
    ordered = dict(zip(lines["id"], lines["ordered_on"].tolist(), strict=True))
    seen = Counter()
    for key, row in raw.items():
        text = row["PO Sent to Vendor Date"]
        if text[0].isdigit():
            form = "%m/%d/%Y" if len(text.split("/")[2]) == 4 else "%m/%d/%y"
            assert datetime.strptime(text, form).date() == ordered[key]  # noqa: DTZ007
            seen[form] += 1
    assert {"%m/%d/%Y": 1_712, "%m/%d/%y": 2_880} == seen
    assert date(2006, 6, 2) == lines["delivered_on"].tolist()[lines.row_of["1"]]


def test_money_and_packs_are_exact(lines: Table, raw: dict[str, dict[str, str]]) -> None:
    """Law: sums of whole cents equal sums of decimals; four values in a hundred are rounded."""
    for column, field, scale in (
        ("Line Item Value", "line_value_cents", 100),
        ("Pack Price", "pack_price_cents", 100),
        ("Unit Price", "unit_price_cents", 100),
        ("Line Item Quantity", "quantity_units", 1),
        ("Unit of Measure (Per Pack)", "units_per_pack", 1),
    ):
        assert sum(Decimal(row[column]) for row in raw.values()) * scale == int(lines[field].sum())


def outcomes(table: Table, days: str) -> dict[str, Counter[int]]:
    """Weights by subject and days."""
    found: dict[str, Counter[int]] = {}
    rows = zip(table["subject"], table[days].tolist(), table["weight"].tolist(), strict=True)
    for subject, value, weight in rows:
        found.setdefault(subject, Counter())[value] += weight
    return found


def test_lead_times_come_with_their_sample_sizes(
    result: FeedResult, raw: dict[str, dict[str, str]]
) -> None:
    """Law: each distribution is that of the file's rows; gaps and slips are counted."""
    table = result.tables["LeadTimeOutcome"]
    found = outcomes(table, "lead_time_days")
    sizes = dict(zip(table["subject"], table["sample_size"].tolist(), strict=True))
    assert sizes == {subject: weights.total() for subject, weights in found.items()}
    by_kind = {
        kind: [n for subject, n in sizes.items() if subject.startswith(kind)]
        for kind in ("supplier/", "country/", "mode/")
    }
    assert {"supplier/": (68, 4_587), "country/": (40, 4_587), "mode/": (4, 4_543)} == {
        kind: (len(n), sum(n)) for kind, n in by_kind.items()
    }
    vendor = "Orgenics, Ltd"
    days = Counter()
    for row in raw.values():
        text = row["PO Sent to Vendor Date"]
        if row["Vendor"] == vendor and text[0].isdigit():
            month, day, year = map(int, text.split("/"))
            start = date(year if year > 99 else 2000 + year, month, day)
            end = datetime.strptime(row["Delivered to Client Date"], "%d-%b-%y")  # noqa: DTZ007
            days[(end.date() - start).days] += 1
    assert {n: many for n, many in days.items() if n >= 0} == found[f"supplier/{vendor}"]
    left = {k.partition("left out")[2]: n for k, n in result.counts.items() if "LeadTime" in k}
    assert left == {
        "": 4_587,
        " by mode, not stated": 44,
        ", delivered_on before ordered_on": 5,
        ", ordered_on not captured": 328,
        ", ordered_on from regional distribution centre": 5_404,
    }


def test_lateness_is_measured_on_every_line(result: FeedResult) -> None:
    """Law: early counts as negative, and no line is left out."""
    table = result.tables["LatenessOutcome"]
    found = outcomes(table, "days_late")
    vendors = [w for subject, w in found.items() if subject.startswith("supplier/")]
    assert (73, 10_324) == (len(vendors), sum(w.total() for w in vendors))
    late = sum(n for w in vendors for days, n in w.items() if days > 0)
    early = sum(n for w in vendors for days, n in w.items() if days < 0)
    assert (1_186, 2_814) == (late, early)


def test_derived_facts_name_what_they_rest_on(result: FeedResult) -> None:
    """Law: a distribution is no row of the file, and its source says so."""
    for name, kind in (("LeadTimeOutcome", "lead times"), ("LatenessOutcome", "lateness")):
        assert f"{kind} derived from {FILE}" == str(result.source_of(name, 0))
    assert [10_324, 0, 0] == [file.rows for file in result.files]
    lines = (DATA / FILE).read_text(encoding="utf-8-sig").splitlines()
    table = result.tables["DeliveryLine"]
    for row in range(0, len(table), 1_000):
        assert lines[result.source_of("DeliveryLine", row).row - 1].startswith(
            table["id"][row] + ","
        )
