"""The commands of a release's life, as a person gives them; and what a process says it serves."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from neo4j import Driver

import rules.release
from api.app import create_app
from api.command_line import main
from governance.releasing import Actor, backtested
from graph.login import Connection
from graph.settings import settings_from_environment
from ontology.canonical import canonical
from service.house import House, house_on
from service.serving import Heartbeat
from tests.api.conftest import TOKEN, Client

RULE = "https://w3id.org/evenkeel/rule/no-air"
SHAPE = """
@prefix inv: <https://w3id.org/evenkeel/inventory#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix rule: <https://w3id.org/evenkeel/rule/> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
rule:no-air a sh:PropertyShape ; rdfs:label "No air" ; rdfs:comment "It is dear." ;
    inv:owner "transport" ; sh:targetClass inv:Movement ; sh:severity sh:Violation ;
    sh:message "the lane goes by air" ; sh:path ( inv:lane inv:mode ) ; sh:not [ sh:in ( "air" ) ] .
"""

EXAMPLE = """
@base <https://w3id.org/evenkeel/id/> .
@prefix inv: <https://w3id.org/evenkeel/inventory#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
<Lane/one> a inv:Lane ; inv:id "one" ; inv:mode "MODE" ;
    inv:origin <Location/north> ; inv:destination <Location/south> .
[] a inv:Movement ; inv:kind "transfer" ; inv:item <Item/soap> ; inv:lane <Lane/one> ;
    inv:departsOn "2026-03-02"^^xsd:date ; inv:departsWeekday "monday" ;
    inv:arrivesOn "2026-03-04"^^xsd:date ; inv:arrivesWeekday "wednesday" ;
    inv:origin <Location/north> ; inv:destination <Location/south> .
"""


@pytest.fixture
def house(
    empty_database: Driver, tmp_path: Path, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> House:
    """An empty service that commands of this environment reach, too."""
    monkeypatch.setenv("EVENKEEL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NEO4J_URI", connection.uri)
    monkeypatch.setenv("NEO4J_USER", connection.user)
    monkeypatch.setenv("NEO4J_PASSWORD", connection.password)
    return house_on(empty_database, settings_from_environment())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped rules and one more."""
    shipped = Path(rules.release.__file__).parent
    made = tmp_path / "rules"
    shutil.copytree(shipped / "shapes", made / "shapes")
    shutil.copytree(shipped / "examples", made / "examples")
    for path in shipped.glob("*.toml"):
        shutil.copy(path, made)
    (made / "shapes" / "no-air.ttl").write_text(SHAPE)
    return made


def with_example(folder: Path) -> None:
    """Lay an example of the further rule beside it."""
    example = folder / "examples" / "no-air"
    example.mkdir()
    for file, mode in (("conforms", "road"), ("breaks", "air")):
        (example / f"{file}.ttl").write_text(EXAMPLE.replace("MODE", mode))
    (example / "expected.txt").write_text("the lane goes by air\n")


def told(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> dict[str, Any]:
    assert status == main(["policy", *words, "--json"])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_release_from_its_proposal_to_force_and_back(
    house: House, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """By two persons; shown, handed out and checked; each refusal says what to do.

    It is linted with the examples that it comes with: a rule without one is a finding.
    """
    monkeypatch.setenv("EVENKEEL_PERSON", "Ada")
    bare = told(capsys, "propose", str(folder), "--reason", "air is dear", status=1)["error"]
    assert ("RELEASE_FINDINGS", True) == (bare["code"], "there is no example" in json.dumps(bare))
    with_example(folder)
    digest = told(capsys, "propose", str(folder), "--reason", "air is dear")["digest"]
    assert told(capsys, "propose", str(folder), "--reason", "again")["event"] is None
    assert told(capsys, "approve", digest, "--reason", "x", status=1)["error"]["code"] == (
        "OWN_RELEASE")  # fmt: skip
    house.ledger.append(lambda state, now: backtested(
        state, now, Actor("evenkeel", is_person=False), digest, "result", [RULE]))  # fmt: skip
    monkeypatch.setenv("EVENKEEL_PERSON", "Ben")
    refused = told(capsys, "approve", digest, "--reason", "fine", status=1)["error"]
    assert refused["code"] == "RELEASE_UNREVIEWED"
    told(capsys, "review", digest, "--rule", "no-air", "--reason", "by road it is allowed")
    assert 0 == main(["policy", "review", digest, "--rule", "no-air", "--reason", "again"])
    assert "is back-tested already, reviewed by Ben at 20" in capsys.readouterr().out
    assert told(capsys, "approve", digest, "--reason", "fine")["status"] == "approved"
    before = told(capsys, "in-force")["whole"]
    others = told(capsys, "activate", digest[:10], "--replacing", digest[:12], status=1)["error"]
    assert others["code"] == "RELEASE_CONFLICT"
    assert 0 == main(["policy", "activate", digest[:10], "--replacing", before[:12]])
    assert f"is active, instead of {before[:12]}" in capsys.readouterr().out
    assert (digest, before) == (told(capsys, "in-force")["whole"], house.shipped.digest)
    assert 0 == main(["policy", "show", digest])
    shown = capsys.readouterr().out
    for words in ("air is dear", "by Ada", "by Ben", "governs everywhere from",
                  "status       active", "says         "):  # fmt: skip
        assert words in shown
    assert 0 == main(["policy", "list"])
    assert digest[:12] in capsys.readouterr().out
    _handed_out(digest, tmp_path, capsys)
    assert told(capsys, "roll-back", digest, "--reason", "worse")["status"] == "rolled back"
    assert told(capsys, "in-force")["whole"] == before
    assert 0 == main(["policy", "show", digest])
    shown = capsys.readouterr().out
    assert "governed everywhere from" in shown
    assert f", then {before[:12]}" in shown
    again = told(capsys, "propose", str(folder), "--reason", "again", status=1)["error"]
    assert ("RELEASE_STATUS", "propose it anew, under another version") == (
        again["code"], again["hint"])  # fmt: skip
    assert told(capsys, "guard") == {"canaries": []}


def _handed_out(digest: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Written, and checked by the keys of the folder alone; a changed file is refused."""
    file = folder / "release.json"
    told(capsys, "export", digest, "--output", str(file))
    found = told(capsys, "verify", str(file))
    assert (digest, 3) == (found["digest"], len(found["events"]))
    document = json.loads(file.read_bytes())
    document["release"]["version"] = "other"
    file.write_bytes(canonical(document) + b"\n")
    refused = told(capsys, "verify", str(file), status=1)["error"]
    assert refused["code"] == "PROOF_REFUSED"
    file.write_text("[]")
    assert told(capsys, "verify", str(file), status=2)["error"]["code"] == "PROOF_UNREADABLE"


@pytest.fixture
def portal() -> Any:
    with start_blocking_portal() as found:
        yield found


def test_a_process_says_what_it_serves(
    house: House, portal: BlockingPortal, capsys: pytest.CaptureFixture[str]
) -> None:
    """At /ready to who may see it, and to `evenkeel status` while it beats."""
    client = Client(portal, create_app(house, TOKEN))
    said = client.send("GET", "/ready").json()
    assert ("ready", {"everywhere": house.shipped.digest}) == (
        said["status"], said["serves"]["in_force"])  # fmt: skip
    assert ([], []) == (said["others"], said["remarks"])
    assert 401 == Client(portal, create_app(house, TOKEN), "").send("GET", "/ready").status_code
    Heartbeat(house, "one").beat()
    assert ["one"] == [each["process"] for each in client.send("GET", "/ready").json()["others"]]
    assert main(["status"]) == 0
    assert "everywhere: " + house.shipped.digest[:12] in capsys.readouterr().out


def test_stops_and_protections_say_what_they_hold_and_who_ended_them(
    house: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names that nothing bears are told; a stop by nobody named takes two; said again, by whom."""
    monkeypatch.delenv("EVENKEEL_PERSON", raising=False)
    assert 0 == main(["stop", "--region", "suoth", "--reason", "a drill", "--json"])
    number = str(json.loads(capsys.readouterr().out)["stop"])
    resume = ["resume", number, "--reason", "over"]
    for person, words in (("Ada", "not lifted yet"), ("Ada", "not lifted yet"), ("Ben", "lifted:"),
                          ("Carl", "lifted already, by Ben at 20")):  # fmt: skip
        monkeypatch.setenv("EVENKEEL_PERSON", person)
        assert 0 == main(resume)
        assert words in capsys.readouterr().out
    assert 0 == main(["protect", "milk", "--chain", "spices", "--reason", "a recall"])
    assert "no facts know the chain `spices`: this holds for nothing" in capsys.readouterr().err
    assert 1 == main(["unprotect", "milk", "--reason", "done", "--json"])
    refused = json.loads(capsys.readouterr().out)["error"]
    assert ("PROTECTED_ELSEWHERE", "add --chain spices") == (refused["code"], refused["hint"])
    for words in ("no longer protected: milk", "no longer protected already: milk"):
        assert 0 == main(["unprotect", "milk", "--chain", "spices", "--reason", "done"])
        assert words in capsys.readouterr().out
    raising = ["autonomy", "raise", "suggest", "--evidence", "outcome", "--reason", "so it went"]
    assert 1 == main([*raising, "--json"])
    assert "EVIDENCE_WEAK" == json.loads(capsys.readouterr().out)["error"]["code"]
