"""Law of trusted documents: where those of the client are trusted, the client asks as ever."""

import sys
from pathlib import Path

import pytest

from api.app import create_app
from evenkeel_client import trusted
from evenkeel_client.client import Client
from evenkeel_client.errors import EvenkeelError
from service.house import House
from tests.api.served import serving
from tests.evenkeel_client.conftest import client_of
from tests.service.doors.served import CHAIN, TOKEN


def test_a_service_of_trusted_documents_answers_the_client(
    house: House, tmp_path: Path, digest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every document of the client is one that the service takes; another is refused."""
    monkeypatch.setattr(sys, "argv", ["trusted", str(tmp_path)])
    assert 0 == trusted.main()
    assert set(trusted.documents()) == {path.name for path in tmp_path.iterdir()}
    with (
        serving(lambda ending: create_app(house, TOKEN, documents=tmp_path, ending=ending)) as at,
        client_of(at.address) as client,
    ):
        assert digest == next(client.plans(CHAIN)).digest
        assert [*client.plan_lines(digest)]
        for text in trusted.documents().values():
            assert "QUERY_NOT_TRUSTED" != code_of(client, text)
        assert "QUERY_NOT_TRUSTED" == code_of(client, "{ chains { name } }")


def code_of(client: Client, text: str) -> str:
    """How a document is refused without any variables; empty where it is answered."""
    try:
        client.query(text)
    except EvenkeelError as error:
        return error.code
    return ""


def test_a_folder_that_is_none_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one line."""
    monkeypatch.setattr(sys, "argv", ["trusted", str(tmp_path / "nowhere")])
    assert 2 == trusted.main()
    assert 1 == len(capsys.readouterr().err.splitlines())
