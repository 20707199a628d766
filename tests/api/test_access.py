"""Nothing is open without the token, and the token is its owner's alone."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal

from api.app import create_app
from api.tokens import TOKEN_FILE, admits, local_token
from ontology.errors import AccessError, InputError, OutsideError
from service.access import Caller
from service.doors.inbox import TryLaterError
from service.house import House
from tests.api.conftest import TOKEN, Client
from tests.graphql.sockets import exchanged

WRONG = ["", "Bearer", "Bearer ", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x",
         f"Bearer {TOKEN[1:]}", "Bearer é"]  # fmt: skip
ADDRESSES = [("POST", "/graphql"), ("GET", "/graphql"), ("GET", "/docs"), ("GET", "/openapi.json"),
             ("GET", "/health/"), ("GET", "/none")]  # fmt: skip


@pytest.mark.parametrize("header", WRONG)
def test_nothing_is_open_without_the_token(
    house: House, portal: BlockingPortal, header: str
) -> None:
    """Every address but health answers 401 with the code of access, whatever is asked."""
    client = Client(portal, create_app(house, TOKEN), token="")
    sent = {"headers": [(b"authorization", header.encode())]} if header else {}
    for method, path in ADDRESSES:
        answer = client.send(method, path, **sent)
        assert 401 == answer.status_code
        assert "ACCESS_DENIED" == answer.json()["errors"][0]["extensions"]["code"]


def test_who_cannot_be_told_yet_is_asked_to_come_later(
    house: House, portal: BlockingPortal
) -> None:
    """While the issuer is being asked: 503 and when, 1013 on a socket; the owner does not wait."""

    def busy(_: str) -> Caller | None:
        raise TryLaterError("it is being asked", code="ISSUER_BUSY", retry_after_seconds=7)

    app = create_app(house, TOKEN, knows=(busy,))
    answer = Client(portal, app, token="another").send("GET", "/graphql")
    assert (503, "7") == (answer.status_code, answer.headers["retry-after"])
    assert "ISSUER_BUSY" == answer.json()["errors"][0]["extensions"]["code"]
    assert 1013 == exchanged(app, "another")[-1]["code"]
    assert 404 == Client(portal, app).send("GET", "/none").status_code


def test_health_is_open_and_tells_no_data(house: House, portal: BlockingPortal) -> None:
    """Health says that the service is up, and nothing else."""
    answer = Client(portal, create_app(house, TOKEN), token="").send("GET", "/health")
    assert (200, {"status": "up"}) == (answer.status_code, answer.json())


def test_with_the_token_there_is_one_address(client: Client) -> None:
    """No page of documentation or schema stands beside the API."""
    assert [404, 404, 404] == [
        client.send("GET", path).status_code for path in ("/docs", "/openapi.json", "/redoc")
    ]


def test_the_token_is_made_once(tmp_path: Path) -> None:
    """Starters at the same moment get one token, in a file that its owner alone can read."""
    home = tmp_path / "new" / "home"
    with ThreadPoolExecutor(8) as pool:
        tokens = set(pool.map(local_token, [home] * 32))
    assert {local_token(home)} == tokens
    assert 0o600 == stat.S_IMODE((home / TOKEN_FILE).stat().st_mode)
    assert [TOKEN_FILE] == [path.name for path in home.iterdir()]
    assert len(tokens.pop()) >= 43


def test_a_token_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """An exposed token admits nobody until it is replaced."""
    local_token(tmp_path)
    (tmp_path / TOKEN_FILE).chmod(0o644)
    with pytest.raises(AccessError) as refused:
        local_token(tmp_path)
    assert "TOKEN_EXPOSED" == refused.value.code


@pytest.mark.parametrize("content", [b"", b"short\n", b"\xff" * 50])
def test_a_file_without_a_token_is_refused(tmp_path: Path, content: bytes) -> None:
    """An emptied file never makes the empty token valid."""
    path = tmp_path / TOKEN_FILE
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(InputError) as refused:
        local_token(tmp_path)
    assert "TOKEN_UNUSABLE" == refused.value.code


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    """A data folder that cannot hold a token is one clear line."""
    (tmp_path / "home").write_text("")
    with pytest.raises(OutsideError) as refused:
        local_token(tmp_path / "home")
    assert "TOKEN_FILE" == refused.value.code


def test_the_scheme_is_read_in_any_case() -> None:
    """RFC 9110: the scheme's case does not matter, the token's does."""
    assert [True, True, False] == [
        admits(f"bearer {TOKEN}", TOKEN), admits(f"BEARER {TOKEN}", TOKEN),
        admits(f"Bearer {TOKEN.upper()}", TOKEN),
    ]  # fmt: skip
