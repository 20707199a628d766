"""Laws of following: every change once and in order, however often the connection is cut."""

from itertools import count, islice

import pytest

from evenkeel_client.changes import Change, events, lines
from evenkeel_client.client import Client
from evenkeel_client.errors import EvenkeelError
from service.doors.outbound import Outbound, Position, Wanted
from service.house import House
from tests.evenkeel_client.conftest import SOURCE, client_of
from tests.faults.proxy import Proxy, lost
from tests.service.doors.served import CHAIN


def expected_of(house: House, after: str = "0") -> list[str]:
    """The positions of all changes that there are."""
    outbound = Outbound(house, Position.of(after), Wanted())
    found: list[str] = []
    while changes := outbound.take(1_000):
        found += [str(change.at) for change in changes if change.kind]
    return found


def test_all_changes_come_in_order(client: Client, house: House) -> None:
    """From the first event, and from any position on; with what each one says."""
    expected = expected_of(house)
    found = list(client.follow(for_ever=False))
    assert expected == [change.at for change in found]
    assert [change.at for change in found] == [change.fields["id"] for change in found]
    middle = expected[len(expected) // 2]
    assert expected[len(expected) // 2 + 1 :] == [
        change.at for change in client.follow(middle, for_ever=False)
    ]


def test_filters_are_the_services(client: Client) -> None:
    """Only what is asked for."""
    found = list(client.follow(chain=CHAIN, kinds=("line",), for_ever=False))
    assert {"line"} == {change.kind for change in found}


def test_what_comes_later_is_followed(client: Client, house: House) -> None:
    """A delivery that is loaded while somebody follows."""
    before = str(house.projection.log.head().sequence)
    following = client.follow(before, kinds=("fact",))
    event = client.deliver(SOURCE, b"item,location,lot,units\nwidget,south,,9\n")["event"]
    (change,) = islice(following, 1)
    assert (event, "fact") == (change.fields["event"], change.kind)


def test_a_connection_that_is_cut_loses_and_doubles_nothing(house: House, proxy: Proxy) -> None:
    """At every piece of the answer."""
    expected, cuts = expected_of(house), 0
    for at in count(1):
        with client_of(f"http://127.0.0.1:{proxy.port}") as cut:
            proxy.arm(lost, at)
            found = [change.at for change in cut.follow(for_ever=False)]
        assert expected == found
        if not proxy.happened.is_set():
            break
        cuts += 1
    assert cuts >= 2


def test_a_position_ahead_of_the_log_is_told(client: Client) -> None:
    """Rather than waited for."""
    with pytest.raises(EvenkeelError) as caught:
        next(client.follow("999999999"))
    assert "POSITION_AHEAD" == caught.value.code


def test_only_a_line_feed_ends_a_line() -> None:
    """Names may hold signs that some take for the end of a line; an unfinished event is none."""
    told = 'id: 1.1\nevent: fact\ndata: {"name": "a\u2028b\u0085c"}\n\n'
    text = f"{told}: still here\n\nid: 2\n\nid: 3\n"
    parts = [text[at : at + 3] for at in range(0, len(text), 3)]
    found = list(events(lines(iter(parts))))
    assert [Change("1.1", "fact", {"name": "a\u2028b\u0085c"}), None, Change("2", "", {})] == found
