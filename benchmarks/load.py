"""Analysts, a feed every second and planning on one service, which is restarted in between."""

import argparse
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event, Thread

import httpx
import numpy as np
import psutil

from api.tokens import local_token
from benchmarks.databases import own_database
from benchmarks.rows import Row, table_of
from graph.catalog import PlanEntry
from graph.login import Connection, open_driver
from graph.settings import Settings
from service.decision import PlanRequest
from service.doors.outbound import Outbound, Position, Wanted
from service.doors.registered import register
from service.examples import load_example
from service.forecast import make_forecast
from service.house import House, house_on
from service.planning import make_plan

ROOT = Path(__file__).parents[1]
ANALYSTS, MINUTES, THINK_SECONDS = 64, 10.0, 2.0
CHAIN, SMALL = "regional", "two_hubs"
PATIENCE_SECONDS = 120.0
MOST_GROWTH = 1.3
MOST_SAID = 10_000
"""So many letters of the service's own log are shown where a request failed."""
FREE = dict.fromkeys(
    (f"EVENKEEL_CALLER_{name}" for name in ("REQUESTS_PER_MINUTE", "COST_PER_MINUTE", "AT_ONCE")),
    "1000000000",
)
"""One token stands for all 64 here; each analyst alone is within the defaults."""
PLANNED = re.compile(r"\b(prices|editPrices|frontier|comparison|replay|planDrift)\b")
MAPPING = """
format: evenkeel-mapping/1
chain: regional
source: load
version: 1
known: [Item, Location]
files:
  - file: stock.csv
    mode: changes
    principal:
      class: StockPosition
      fields: {item: item, location: location, on_hand_units: units, total_units: units}
"""
PLANS = """mutation($chain: String!) { makePlan(input: {chain: $chain}) {
  __typename ... on Refused { code } } }"""


@dataclass
class Service:
    """`evenkeel serve` on one port, as often as it is started."""

    home: Path
    connection: Connection
    port: int
    token: str
    process: "subprocess.Popen[bytes] | None" = None
    is_up: Event = field(default_factory=Event)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        environment = os.environ | FREE | {
            "EVENKEEL_HOME": str(self.home), "NEO4J_URI": self.connection.uri,
            "NEO4J_USER": self.connection.user, "NEO4J_PASSWORD": self.connection.password,
        }  # fmt: skip
        command = [sys.executable, "-m", "api.command_line", "serve", "--port", str(self.port)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=log)
        while self.process.poll() is None and not self.is_up.is_set():
            with suppress(httpx.TransportError):
                httpx.get(f"http://127.0.0.1:{self.port}/health")
                self.is_up.set()
        if not self.is_up.is_set():
            raise RuntimeError("the service did not start")

    def stop(self) -> None:
        """End it as an operator does; requests under way may end without an answer."""
        self.is_up.clear()
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=PATIENCE_SECONDS * 5)  # a plan under way is finished

    def client(self) -> httpx.Client:
        """One caller's connection."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", headers=headers,
                            timeout=PATIENCE_SECONDS)  # fmt: skip

    @property
    def log(self) -> Path:
        """What the service said of itself: the reference of an internal error is in it."""
        return self.home / "service.log"

    @property
    def memory_bytes(self) -> int:
        """What its process holds now; 0 while it is down."""
        with suppress(psutil.Error):
            return int(psutil.Process(self.process.pid if self.process else -1).memory_info().rss)
        return 0


@dataclass
class Told:
    """What came of all requests."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    faults: list[str] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    memory: list[tuple[float, int]] = field(default_factory=list)
    missed: dict[str, int] = field(default_factory=dict)
    restarted_at: float = 0.0

    @property
    def growth(self) -> float:
        """Of the last memory to the first, both some time after the restart; 0 for a short run."""
        after = [held for at, held in self.memory if held and at > self.restarted_at]
        third = len(after) // 3
        if not third:
            return 0.0
        return max(after[-third:]) / max(after[third : 2 * third])


def load(
    service: Service, house: House, analysts: int, minutes: float, think_seconds: float
) -> Told:
    """Run all of it; the service is restarted after a third of the time."""
    told, stop, began = Told(), Event(), time.monotonic()
    newest = house.catalog.plans(CHAIN).rows[0]
    documents, plan = _documents(house, newest), newest.plan.digest
    readers = {"/changes": _follow_changes, "subscription": _follow_subscription}
    heard: dict[str, set[str]] = {name: set() for name in readers}
    head = house.catalog.watermark().projected
    work: list[Callable[[], None]] = [
        *(_analyst(service, told, stop, documents, plan, number, think_seconds)
          for number in range(analysts)),
        lambda: _feed(service, told, stop, house), lambda: _plan(service, told, stop),
        *(_reader(follow, service, stop, head, heard[name]) for name, follow in readers.items()),
    ]  # fmt: skip
    threads = [Thread(target=each) for each in work]
    for thread in threads:
        thread.start()
    _watch(service, told, began, minutes * 60)
    stop.set()
    for thread in threads[: analysts + 2]:
        thread.join()
    whole = {str(one.at) for one in Outbound(house, Position(head), Wanted()).take(10**9)
             if one.kind}  # fmt: skip
    until = time.monotonic() + PATIENCE_SECONDS
    while any(whole - got for got in heard.values()) and time.monotonic() < until:
        time.sleep(0.5)
    told.missed = {name: len(whole - got) for name, got in heard.items()}
    told.outcomes["changes told"] = len(whole)
    service.stop()
    for thread in threads[analysts + 2 :]:
        thread.join()
    return told


def _watch(service: Service, told: Told, began: float, seconds: float) -> None:
    """Note the memory of the service every five seconds, and restart it once."""
    while (at := time.monotonic() - began) < seconds:
        told.memory.append((at, service.memory_bytes))
        if at > seconds / 3 and not told.restarted_at:
            service.stop()
            service.start()
            told.restarted_at = time.monotonic() - began
        time.sleep(min(5.0, seconds / 12))


def _analyst(
    service: Service, told: Told, stop: Event, documents: dict[str, str], plan: str, number: int,
    think_seconds: float,
) -> Callable[[], None]:  # fmt: skip
    def ask() -> None:
        chance = random.Random(number)  # noqa: S311 - not for secrets
        with service.client() as http:
            while not stop.wait(chance.expovariate(1 / think_seconds)):
                name = chance.choice(sorted(documents))
                variables = {"plan": plan} if "$plan" in documents[name] else {}
                asked = {"query": documents[name], "variables": variables}
                _send(service, told, name, partial(http.post, "/graphql", json=asked))

    return ask


def _send(
    service: Service, told: Told, kind: str, send: Callable[[], httpx.Response]
) -> httpx.Response | None:
    """One request and its time; while the service restarts it may fail, and is not counted."""
    service.is_up.wait(PATIENCE_SECONDS)
    process, began = service.process, time.perf_counter()
    try:
        answer = send()
    except httpx.TransportError as error:
        if service.is_up.is_set() and service.process is process:
            told.faults.append(f"{kind}: {error!r}")
        return None
    if answer.status_code == 503 and not service.is_up.is_set():
        return None
    told.seconds[kind].append(time.perf_counter() - began)
    if answer.status_code != 200 or (kind != "feed" and "errors" in answer.json()):
        told.faults.append(f"{kind}: {answer.status_code} {answer.text[:300]}")
    return answer


def _feed(service: Service, told: Told, stop: Event, house: House) -> None:
    """A count of some position, every second."""
    chance = random.Random(1)  # noqa: S311 - not for secrets
    stock = house.facts(CHAIN).table("StockPosition")
    places = list(zip(stock["item"].tolist(), stock["location"].tolist(),
                      stock["on_hand_units"].tolist(), strict=True))  # fmt: skip
    with service.client() as http:
        while not stop.wait(1.0):
            item, location, units = chance.choice(places)
            body = (
                f"item,location,units\n{item},{location},{max(0, units + chance.randint(-2, 2))}\n"
            )
            _send(service, told, "feed", partial(http.post, "/feeds/load", content=body))


def _plan(service: Service, told: Told, stop: Event) -> None:
    """One plan after the other, of the large chain and of the small one."""
    with service.client() as http:
        while not stop.wait(1.0):
            for chain in (CHAIN, SMALL):
                asked = {"query": PLANS, "variables": {"chain": chain}}
                answer = _send(service, told, f"plan of {chain}",
                               partial(http.post, "/graphql", json=asked))  # fmt: skip
                if answer is not None and answer.status_code == 200:
                    found = (answer.json().get("data") or {}).get("makePlan") or {}
                    outcome = found.get("code") or found.get("__typename")
                    told.outcomes[f"plan of {chain}: {outcome}"] += 1


Follow = Callable[[httpx.Client, str, set[str]], Iterator[str]]


def _reader(
    follow: Follow, service: Service, stop: Event, head: int, heard: set[str]
) -> Callable[[], None]:
    """Follow until the service is gone for good, from the last position that was heard."""

    def read() -> None:
        last = str(head)
        while not stop.is_set() or service.is_up.is_set():
            with suppress(httpx.TransportError), service.client() as http:
                for place in follow(http, last, heard):
                    last = place
            if not service.is_up.is_set():
                stop.wait(0.2)

    return read


def _follow_changes(http: httpx.Client, last: str, heard: set[str]) -> Iterator[str]:
    with http.stream("GET", "/changes", headers={"Last-Event-ID": last}) as answer:
        place, kind = "", ""
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            place, kind = value if name == "id" else place, value if name == "event" else kind
            if not line and place:
                heard.update([place] if kind else [])
                yield place
                place, kind = "", ""


def _follow_subscription(http: httpx.Client, last: str, heard: set[str]) -> Iterator[str]:
    text = "subscription($after: Position!) { changes(after: $after) { position } }"
    asked = {"query": text, "variables": {"after": last}}
    with http.stream("POST", "/graphql", json=asked,
                     headers={"Accept": "text/event-stream"}) as answer:  # fmt: skip
        for line in answer.iter_lines():
            if found := re.search(r'"position":"([0-9.]+)"', line):
                heard.add(found[1])
                yield found[1]


def _documents(house: House, plan: PlanEntry) -> dict[str, str]:
    """The questions of the guides about the large chain; without those that plan anew.

    One at a time is planned, which `_plan` does all the time. Two plans are in none of them.
    """
    fenced = re.compile(r"^```graphql\n(.*?)^```", re.MULTILINE | re.DOTALL)
    guides = [(ROOT / "docs" / name).read_text("utf-8") for name in ("analysts.md", "graphql.md")]
    found = [text for guide in guides for text in fenced.findall(guide)]
    snapshot = house.facts(CHAIN)
    line = house.store.get_document(plan.artifact)["decision"]["lines"][0]
    named = {
        "two_hubs": CHAIN, "widget": line["item"], "south": line["destination"],
        "north": str(snapshot.table("Location")["id"][0]),
        "truck-ns": str(snapshot.table("Lane")["id"][0]),
        "acme": str(snapshot.table("Supplier")["id"][0]),
    }  # fmt: skip
    for old, new in named.items():
        found = [text.replace(old, new) for text in found]
    chosen = [text for text in found if not text.startswith(("mutation", "subscription"))
              and not PLANNED.search(text) and "$before" not in text]  # fmt: skip
    return {f"{at:02} {' '.join(text.split())[:34]}": text for at, text in enumerate(chosen, 1)}


@contextmanager
def prepared(connection: Connection, home: Path) -> Iterator[tuple[Service, House]]:
    """A service over the regional chain and the small one, loaded and planned."""
    with open_driver(connection) as driver:
        house = house_on(driver, Settings(home=home))
        for chain in (SMALL, CHAIN):
            load_example(house, chain)
        make_forecast(house, CHAIN)
        for chain in (SMALL, CHAIN):
            if not house.catalog.plans(chain).rows:
                make_plan(house, PlanRequest(chain=chain))
        mapping = home / "load.yaml"
        mapping.write_text(MAPPING)
        register(home, mapping)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        service = Service(home, connection, port, local_token(home))
        service.start()
        try:
            yield service, house
        finally:
            service.stop()


def shown(told: Told) -> str:
    """What was measured, as lines."""
    lines = [f"  {'requests':>8} {'p50 ms':>8} {'p99 ms':>8}"]
    for kind, seconds in sorted(told.seconds.items()):
        median, most = np.percentile(np.array(seconds) * 1_000, [50, 99])
        lines.append(f"  {len(seconds):8,} {median:8,.0f} {most:8,.0f}  {kind}")
    lines += [f"  {name}: {count:,}" for name, count in sorted(told.outcomes.items())]
    by_minute = {int(at // 60): held for at, held in told.memory}
    lines.append("  MiB by minute: " + ", ".join(f"{held / 2**20:,.0f}"
                                                for held in by_minute.values()))  # fmt: skip
    lines.append(f"  restarted after {told.restarted_at:.0f} s; missed: {told.missed}; "
                 f"memory grew to {told.growth:.2f}; faults: {len(told.faults)}")  # fmt: skip
    return "\n".join(lines + [f"    {fault}" for fault in told.faults[:10]])


def main(
    analysts: int = ANALYSTS, minutes: float = MINUTES, think_seconds: float = THINK_SECONDS
) -> list[Row]:
    """Print p50 and p99 of each kind, memory by minute, and what was missed."""
    with (
        own_database() as (scratch, connection),
        prepared(connection, scratch / "home") as (service, house),
    ):
        busy = psutil.getloadavg()[0]
        print(f"load: {analysts} analysts who think {think_seconds} s, a feed every second, "
              f"planning; {minutes:g} min; load average {busy:.1f}")  # fmt: skip
        told = load(service, house, analysts, minutes, think_seconds)
        said = service.log.read_text("utf-8")
    print(shown(told), said[-MOST_SAID:] if told.faults else "", sep="\n")
    size = f"{analysts} analysts, {minutes:g} minutes"
    return [
        Row("load: requests that failed", size, "", 0.0, float(len(told.faults)), "requests"),
        Row("load: changes that a reader missed", size, "", 0.0,
            float(sum(told.missed.values())), "changes"),
        Row("load: memory at the end", size, "memory in the middle", MOST_GROWTH, told.growth),
    ]  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--analysts", type=int, default=ANALYSTS)
    parser.add_argument("--minutes", type=float, default=MINUTES)
    parser.add_argument("--think", type=float, default=THINK_SECONDS)
    asked = parser.parse_args()
    print(table_of(main(asked.analysts, asked.minutes, asked.think)))
