"""Laws of following: every change once and in order, however often the connection is cut."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count, islice
from threading import Thread

import pytest

from evenkeel_client.changes import Change, events, lines
from evenkeel_client.client import Client
from evenkeel_client.errors import EvenkeelError
from evenkeel_client.sending import LONGEST_WAIT_SECONDS, Patience
from service.doors.outbound import Outbound, Position, Wanted
from service.house import House
from tests.evenkeel_client.conftest import AT_ONCE, SOURCE, client_of
from tests.faults.proxy import Proxy, lost
from tests.service.doors.served import CHAIN

DOWN_TRIES = AT_ONCE.tries * 3


def stream_of(*positions: str) -> bytes:
    """An answer of the service that is cut off after some changes."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
    return head + b"".join(b"id: %s\nevent: fact\ndata: {}\n\n" % at.encode() for at in positions)


@contextmanager
def saying(answers: Sequence[bytes]) -> Iterator[str]:
    """The address of a service that answers so, one connection after the other; then no more."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            for told in answers:
                caller, _ = listening.accept()
                with caller:
                    caller.recv(65_536)
                    caller.sendall(told)
                    caller.shutdown(socket.SHUT_WR)
                    caller.recv(65_536)  # until the caller has closed, so that nothing is reset

        Thread(target=answer, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


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


def test_a_service_that_is_away_for_long_is_waited_for() -> None:
    """One that has answered, for more tries than a question has; what came is not told again."""
    answers = [stream_of("1.1", "1.2"), *[b""] * DOWN_TRIES, stream_of("2.1")]
    with saying(answers) as address, client_of(address) as client:
        assert ["1.1", "1.2", "2.1"] == [change.at for change in islice(client.follow(), 3)]


@pytest.mark.parametrize(("answers", "for_ever"), [([], True), ([stream_of("1.1")], False)])
def test_a_service_that_is_away_is_told(answers: list[bytes], *, for_ever: bool) -> None:
    """Where it never answered, and where nobody wants to wait for ever."""
    with saying([*answers, *[b""] * DOWN_TRIES]) as address, client_of(address) as client:
        following = client.follow(for_ever=for_ever)
        assert len(answers) == len(list(islice(following, len(answers))))
        with pytest.raises(EvenkeelError) as caught:
            next(following)
    assert "UNREACHABLE" == caught.value.code


def test_no_wait_is_too_long_to_be_told() -> None:
    """After however many tries."""
    assert LONGEST_WAIT_SECONDS >= Patience().seconds(100_000)


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
