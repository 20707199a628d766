"""What a hostile request to /graphql takes of the service: processor time of its own process."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psutil

from benchmarks.databases import own_database
from benchmarks.rows import Row, table_of
from graph.login import open_driver
from graph.settings import Settings
from service.examples import load_example
from service.house import house_on
from tests.api.hostile import ATTACKS, Attack
from tests.service.doors.served import Served, served

ROUNDS = 20
"""So often each is sent; the clock of a process ticks every 10 ms."""
AIM_MILLISECONDS = 100.0
SHOWN = 12
FREE = {"EVENKEEL_CALLER_REQUESTS_PER_MINUTE": "1000000",
        "EVENKEEL_CALLER_COST_PER_MINUTE": "1000000000"}  # fmt: skip


def main(rounds: int = ROUNDS) -> list[Row]:
    """Print the worst attacks with what each takes, and whoever was not refused as expected."""
    with _service() as service:
        found = sorted(
            ((_milliseconds(service, attack, rounds), name) for name, attack in ATTACKS.items()),
            reverse=True,
        )
    print(f"hostile: {len(ATTACKS)} requests, each {rounds} times; ms of the service's processor")
    for milliseconds, name in found[:SHOWN]:
        print(f"  {milliseconds:6.1f}  {name}")
    print(f"  {sum(each for each, _ in found) / len(found):6.1f}  on average")
    worst, name = found[0]
    return [Row(f"a hostile request: {name}", f"{len(ATTACKS)} kinds", "processor time",
                AIM_MILLISECONDS, worst, "ms")]  # fmt: skip


@contextmanager
def _service() -> Iterator[Served]:
    """two_hubs, served by a process of its own, over a database of its own."""
    with own_database() as (scratch, connection):
        home = scratch / "home"
        with open_driver(connection) as driver:
            load_example(house_on(driver, Settings(home=home)), "two_hubs")
        with served(home, connection, **FREE) as service:
            service.http.post("/graphql", json={"query": "{chains{name}}"})
            yield service


def _milliseconds(service: Served, attack: Attack, rounds: int) -> float:
    """Processor time of one; the service's own threads count, what the database does does not."""
    process = psutil.Process(service.process.pid)
    before = process.cpu_times()
    for number in range(rounds):  # each time another text, so that no cache knows it
        answer = service.http.request(attack.method, attack.path, content=attack.another(number),
                                      headers=attack.all_headers)  # fmt: skip
        if (attack.status, attack.code) != (answer.status_code, told(answer)):
            print(f"  not as expected: {answer.status_code} {answer.text[:200]}")
            break
    after = process.cpu_times()
    return (after.user + after.system - before.user - before.system) / rounds * 1_000


def told(answer: httpx.Response) -> str:
    """The code of a refusal; empty where there is none."""
    errors = answer.json().get("errors", []) if answer.content else []
    return str(errors[0]["extensions"]["code"]) if errors else ""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    print(table_of(main(parser.parse_args().rounds)))
