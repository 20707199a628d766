"""GET /changes: what each event changed, from any position, whole after dropping repeats."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import anyio
import pytest

from api.doors.changes import _Stream
from ontology.columns import Snapshot, record_at
from ontology.errors import InputError
from ontology.events import FACTS_DUE, PLAN_MADE
from service.doors.concerns import Partner
from service.doors.door_bounds import DoorBounds
from service.doors.outbound import KINDS, Change, Outbound, Position, Wanted
from service.doors.registered import mapping_of
from service.house import House
from service.intake.deliveries import Delivery
from service.intake.sync import sync
from tests.service.doors.served import CHAIN, Served, code_of, rows

SUPPLIERS = """
format: evenkeel-mapping/1
chain: two_hubs
source: buyers
version: 1
known: []
files:
  - file: suppliers.csv
    mode: full
    principal: {class: Supplier, fields: {id: id, name: name}}
"""
EVERYTHING = 10**6


@pytest.fixture(scope="module")
def told(house: House, home: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Change]:
    """All changes after deliveries that add, change, repeat, close, wait and come due."""
    folder = tmp_path_factory.mktemp("files")
    stock, suppliers = folder / "stock.csv", folder / "suppliers.csv"
    (folder / "buyers.yaml").write_text(SUPPLIERS)
    for names in ("x,X\ny,Y\n", "x,X2\n"):
        suppliers.write_text(f"id,name\n{names}")
        sync(house, [suppliers], folder / "buyers.yaml", Delivery("ann"))
    mapping = mapping_of(home, "wms")
    for name in ("a", "b"):
        stock.write_bytes(rows(31))
        sync(house, [stock], mapping, Delivery("ann", name))
    ahead, units = timedelta(milliseconds=250), 31
    while not house.reader.state(CHAIN).waiting.get("StockPosition"):
        ahead, units = 2 * ahead, units + 1  # until it is loaded before it is true
        stock.write_bytes(rows(units))
        sync(house, [stock], mapping, Delivery("ann", str(ahead), datetime.now(UTC) + ahead))
    while house.state(CHAIN).waiting.get("StockPosition"):
        pass  # its time comes
    return Outbound(house, Position(0), Wanted()).take(EVERYTHING)


def facts(snapshot: Snapshot) -> dict[tuple[str, str], Any]:
    """Every fact of a snapshot as its record."""
    return {
        (name, key): record_at(table, row)
        for name, table in snapshot.tables.items()
        for row, key in enumerate(table.keys.tolist())
    }


def expected(house: House) -> Iterator[tuple[int, str, str, str, Any]]:
    """Event, outcome, class, key and record: from whole snapshots before and after each event."""
    for event in house.projection.log.steps(CHAIN):
        was = facts(house.reader.read(CHAIN, event.sequence - 1))
        now = facts(house.reader.read(CHAIN, event.sequence))
        for what in sorted({*was, *now}):
            if was.get(what) != now.get(what):
                outcome = "closed" if what not in now else "changed" if what in was else "added"
                yield event.sequence, outcome, *what, now.get(what) or was[what]


def test_the_stream_tells_what_each_event_changed(house: House, told: list[Change]) -> None:
    """Facts are the differences of snapshots; plans and lines those of the documents."""
    found = [
        (one.at.sequence, one.told["outcome"], one.told["class"], one.told["key"],
         one.told["fields"]) for one in told if one.kind == "fact"
    ]  # fmt: skip
    wanted = list(expected(house))
    assert [one[:4] for one in wanted] == [one[:4] for one in found]
    assert all(
        getattr(record, name) == value
        for (*_, record), (*_, fields) in zip(wanted, found, strict=True)
        for name, value in fields.items()
    )
    assert {"added", "changed", "closed"} == {one[1] for one in found}
    due = {event.sequence for event in house.projection.log.steps(CHAIN) if event.kind == FACTS_DUE}
    assert due & {one[0] for one in found}
    made = next(event for event in house.projection.log.events() if event.kind == PLAN_MADE)
    decision = house.store.get_document(made.artifact)["decision"]
    lines = [one.told["fields"]["number"] for one in told if one.kind == "line"]
    assert [line["number"] for line in decision["lines"]] == lines
    assert len(decision["shortfalls"]) == sum(one.kind == "shortfall" for one in told)
    assert ["plan"] == [one.kind for one in told if one.at == Position(made.sequence, 1)]


def test_whoever_resumes_gets_the_rest(house: House, told: list[Change]) -> None:
    """From every position the stream goes on with exactly what followed it."""
    for place in random.Random(6).sample(range(len(told)), 12):
        rest = Outbound(house, told[place].at, Wanted()).take(EVERYTHING)
        assert told[place + 1 :] == rest
    few = Outbound(house, Position(0), Wanted())
    assert told == [one for _ in range(len(told)) for one in few.take(1)]
    assert [] == few.take(1)


def test_a_filter_leaves_out_and_changes_nothing(house: House, told: list[Change]) -> None:
    """What is told has the same position and content whatever is asked for; the rest is silent."""

    def in_north(fields: dict[str, Any], class_name: str) -> bool:
        named = {fields.get(name) for name in ("location", "origin", "destination")}
        return "north" in named | ({fields["id"]} if class_name == "Location" else set())

    def of_acme(fields: dict[str, Any], class_name: str) -> bool:
        is_it = class_name == "Supplier" and fields["id"] == "acme"
        return is_it or fields.get("supplier") == "acme"

    for wanted, fits in [
        (Wanted(region="north"), in_north), (Wanted(partner=Partner("Supplier", "acme")), of_acme),
    ]:  # fmt: skip
        found = Outbound(house, Position(0), wanted).take(EVERYTHING)
        assert [
            one for one in told
            if not one.kind or (one.kind != "plan" and fits(one.told["fields"], one.told["class"]))
        ] == found  # fmt: skip
        assert {"fact", "line"} <= {one.kind for one in found}
    for kind in KINDS:
        found = Outbound(house, Position(0), Wanted(CHAIN, frozenset({kind}))).take(EVERYTHING)
        assert [one for one in told if one.kind in ("", kind)] == found
    valley = Outbound(house, Position(0), Wanted(region="valley")).take(EVERYTHING)
    assert {"north", "south"} <= {one.told["fields"].get("location") for one in valley if one.kind}
    for nobody in (Wanted(region="nowhere"), Wanted(partner=Partner("Carrier", "acme"))):
        assert not any(one.kind for one in Outbound(house, Position(0), nobody).take(EVERYTHING))


def test_a_receiver_that_is_killed_ends_with_the_log(
    house: House, told: list[Change], service: Served
) -> None:
    """Cut at random bytes, forgetting at random, it has every change once it drops repeats."""
    draw, last, got = random.Random(12), "", {}
    service.post("wms", rows(33), {"id": "meanwhile"})
    while last != str(house.catalog.watermark().projected):
        text, most = b"", draw.randrange(500, 12_000)
        headers = {"Last-Event-ID": last} if last else {}
        with service.http.stream("GET", "/changes", headers=headers) as answer:
            assert 200 == answer.status_code
            for part in answer.iter_raw():
                text += part
                if len(text) > most or b"still here" in part:
                    break  # gone, whatever is under way
        blocks = text[:most].decode(errors="ignore").split("\n\n")[:-1]
        for block in blocks:
            fields = dict(line.split(": ", 1) for line in block.splitlines() if line[0] != ":")
            if "data" in fields:
                got[fields["id"]] = json.loads(fields["data"])
            if "id" in fields and draw.random() < 0.9:  # else it dies before it has kept its place
                last = fields["id"]
    whole = Outbound(house, Position(0), Wanted()).take(EVERYTHING)
    assert len(whole) > len(told)
    assert {str(one.at) for one in whole if one.kind} == got.keys()
    for one in whole:
        if one.kind:
            assert json.loads(json.dumps(one.told, default=str)) == got[str(one.at)]


@pytest.mark.parametrize(("query", "status", "code"), [
    ("after=-1", 400, "POSITION_INVALID"), ("after=1.2.3", 400, "POSITION_INVALID"),
    ("after=999999", 409, "POSITION_AHEAD"), ("chain=other", 404, "CHAIN_UNKNOWN"),
    ("kinds=plans", 400, "QUERY_PARAMETER"), ("kind=fact", 400, "QUERY_PARAMETER"),
    ("partner=acme", 400, "QUERY_PARAMETER"),
    ("region=", 400, "QUERY_PARAMETER"), ("regoin=north", 400, "QUERY_PARAMETER"),
])  # fmt: skip
def test_what_is_asked_wrongly_is_refused(
    service: Served, query: str, status: int, code: str
) -> None:
    """A misspelt filter never opens everything."""
    answer = service.http.get(f"/changes?{query}")
    assert (status, code) == (answer.status_code, code_of(answer))


def test_readers_are_bounded_and_hear_that_it_lives(house: House, service: Served) -> None:
    """One more than allowed is told to come later; who hangs up gives the place back."""
    head = house.catalog.watermark().projected
    with service.http.stream("GET", f"/changes?after={head}") as first:
        parts = first.iter_raw()  # held, for who lets go of it hangs up
        assert any(b"still here" in part for part in parts)
        with (
            service.http.stream("GET", "/changes"),
            service.http.stream("GET", "/changes") as third,
        ):
            assert 429 == third.status_code
            third.read()
            assert "READERS_FULL" == code_of(third)
        parts.close()
    answered = 429
    while answered == 429:
        with service.http.stream("GET", "/changes") as again:
            answered = again.status_code
    assert 200 == answered


def test_a_reader_that_takes_nothing_is_cut(house: House) -> None:
    """A stuck socket ends the stream and gives the place back; little was worked out for it."""
    outbound, gone, sent = Outbound(house, Position(0), Wanted()), [], []

    async def send(message: Any) -> None:
        sent.append(message)
        if len(sent) > 2:
            await anyio.sleep_forever()

    async def follow() -> None:
        stream = _Stream(outbound, DoorBounds(reader_seconds=1), anyio.CapacityLimiter(1),
                         lambda: gone.append(True), Event())  # fmt: skip
        await stream({"type": "http"}, anyio.sleep_forever, send)

    anyio.run(follow)
    assert ([True], 3) == (gone, len(sent))


def test_positions_are_read_as_they_are_written() -> None:
    """Text and position are one to one."""
    for text in ("0", "12", "12.3"):
        assert text == str(Position.of(text))
    with pytest.raises(InputError):
        Position.of("12.x")
