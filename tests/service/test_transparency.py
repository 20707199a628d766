"""Laws of the log as others check it: commands, files, GraphQL, a witness, a backup."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal
from neo4j import Driver

from api.app import create_app
from api.command_line import app, main
from graph.login import Connection
from graph.merkle import consistency_proof, fold, inclusion_proof
from graph.settings import Settings
from graph.transparency.log_verifier import read_checkpoint, verify
from service.decision import PlanRequest
from service.examples import load_example
from service.house import House, house_on
from service.planning import make_plan
from service.recovery import backup, restore
from service.transparency import signed_bundle
from tests.api.conftest import TOKEN, Client
from tests.graph.conftest import empty_the_graph

ROOT = Path(__file__).parents[2]
CHAIN = "two_hubs"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def house(
    database: Driver, connection: Connection, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """two_hubs, planned, in a data folder that the environment names."""
    empty_the_graph(database)
    found = house_on(database, Settings(home=tmp_path_factory.mktemp("home")))
    load_example(found, CHAIN)
    make_plan(found, PlanRequest(chain=CHAIN))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVENKEEL_HOME", str(found.settings.data_folder))
        patch.setenv("NEO4J_URI", connection.uri)
        patch.setenv("NEO4J_USER", connection.user)
        patch.setenv("NEO4J_PASSWORD", connection.password)
        yield found


@pytest.fixture
def run(house: House, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command; gives status, output and messages."""

    def command(*arguments: Any) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(["log", *map(str, arguments)])
        return (status, *capsys.readouterr())

    return command


@pytest.fixture
def key(run: Run) -> str:
    """The public key of the log."""
    return run("key")[1].strip()


def leaves(house: House) -> list[bytes]:
    return [bytes.fromhex(event.leaf) for event in house.projection.log.events()]


def test_a_plan_is_proved_and_tied_to_its_document(
    house: House, run: Run, key: str, tmp_path: Path
) -> None:
    """The file names the plan's digest and content; the plan's own file passes as that content."""
    plan = house.catalog.plans(CHAIN).rows[0]
    bundle, document = tmp_path / "proof.json", tmp_path / "plan.json"
    document.write_bytes(house.store.get(plan.artifact) + b"\n")
    assert 0 == run("prove", "latest", "-o", bundle)[0]
    status, told, _ = run("verify", bundle, "--key", key, "--artifact", document)
    assert (0, True) == (status, f"plan         {plan.plan.digest}" in told)
    assert f"event {plan.event_sequence}, plan.made" in told
    document.write_bytes(document.read_bytes().replace(b"two_hubs", b"two_hubz", 1))
    status, told, why = run("verify", bundle, "--key", key, "--artifact", document)
    assert (1, "", True) == (status, told, "PROOF_REFUSED" in why)
    assert 0 == run("prove", plan.plan.digest[:12], "-o", bundle)[0]
    assert run("verify", bundle, "--json")[1] == run("verify", bundle, "--json", "--key", key)[1]


def test_a_partner_sees_its_lines_alone(house: House, run: Run, key: str, tmp_path: Path) -> None:
    """One line of the plan is shown with its proof; costs and the other lines are not in it."""
    bundle = tmp_path / "proof.json"
    lines = house.catalog.lines([house.catalog.plans(CHAIN).rows[0].plan.digest])
    (page,) = lines.values()
    assert len(page.rows) > 1
    assert 0 == run("prove", "latest", "--only", "payload.plan", "--line", 1, "-o", bundle)[0]
    found = verify(bundle.read_bytes(), [key])
    assert {"payload.plan", "payload.lines_root"} == set(found["fields"])
    assert [1] == [line["number"] for line in found["lines"]]
    assert "payload.record" in found["hidden"]
    assert (2, True) == ((ran := run("prove", "latest", "--line", 999))[0], "LINE" in ran[2])
    assert (2, True) == ((ran := run("prove", "1", "--only", "salary"))[0], "FIELD" in ran[2])
    assert (2, True) == ((ran := run("prove", "1", "--line", 1))[0], "LINE_UNKNOWN" in ran[2])


def test_a_partner_gets_one_file(house: House, run: Run, key: str, tmp_path: Path) -> None:
    """Its own lines of the plan that was logged, no price in it, and the same file checks it."""
    partners = run("partner", "latest")[1].split()
    assert partners
    bundle, (digest,) = tmp_path / "partner.json", {house.catalog.plans(CHAIN).rows[0].plan.digest}
    assert 0 == run("partner", "latest", partners[0], "-o", bundle)[0]
    status, told, _ = run("verify", bundle, "--key", key)
    assert (0, True, True) == (status, digest in told, f"partner      {partners[0]}" in told)
    found = verify(bundle.read_bytes(), [key])
    event = house.projection.log.find(f"plan/{digest}")
    assert event is not None
    whole = {line["number"]: line
             for line in house.store.get_document(event.artifact)["decision"]["lines"]}  # fmt: skip
    for line in found["lines"]:
        assert line.items() <= whole[line["number"]].items()
        assert not {name for name in line if "cost" in name or "paid" in name or name == "because"}
    own = [n for n, line in whole.items() if partners[0] == f"Supplier/{line.get('supplier')}"]
    assert own == [line["number"] for line in found["lines"]]
    assert (2, True) == ((ran := run("partner", "latest", "Supplier/no"))[0], "PARTNER_U" in ran[2])
    assert bundle.read_bytes() == signed_bundle(house, event, partners[0])


def test_the_log_is_followed_by_whoever_holds_a_checkpoint(
    house: House, run: Run, key: str, tmp_path: Path
) -> None:
    """A checkpoint taken early is continued by later files, and a foreign one is refused."""
    early, growth, bundle = (tmp_path / name for name in ("early", "growth", "proof"))
    assert 0 == run("checkpoint", "-o", early)[0]
    make_plan(house, PlanRequest(chain=CHAIN, cost_parts=frozenset({"warehouse"})))
    assert 0 == run("consistency", early, "-o", growth)[0]
    assert (0, True) == (
        (ran := run("verify", growth, "--key", key, "--since", early))[0], "only grew" in ran[1],
    )  # fmt: skip
    assert 0 == run("prove", "latest", "--since", early, "-o", bundle)[0]
    assert "continues" in run("verify", bundle, "--key", key, "--since", early)[1]
    assert 0 == run("prove", "1", "--at", 2, "-o", bundle)[0]
    assert 2 == verify(bundle.read_bytes(), [key])["size"]
    foreign = tmp_path / "foreign"
    foreign.write_text(early.read_text().replace("evenkeel.log/", "evenkeel.log/0"))
    assert "CHECKPOINT_STRANGE" in run("consistency", foreign)[2]
    assert "PROOF_UNREADABLE" in run("consistency", tmp_path / "none")[2]
    assert "LOG_SIZE" in run("consistency", 3, 2)[2]
    assert "EVENT_UNKNOWN" in run("prove", 10_000)[2]
    assert "PLAN_UNKNOWN" in run("prove", "feedbeef")[2]


def test_a_witness_cosigns_and_is_demanded(
    house: House, run: Run, key: str, tmp_path: Path
) -> None:  # fmt: skip
    """Checkpoint out, cosignature back, and from then on proofs carry it."""
    sent, back, bundle = (tmp_path / name for name in ("sent", "back", "proof"))
    run("checkpoint", "-o", sent)
    status, _, told = run("witness", tmp_path / "w", sent, "--key", key, "-o", back)
    witness = told.split("cosigned by ")[1].strip()
    assert (0, 2) == (status, len(read_checkpoint(back.read_text()).signatures))
    run("prove", "1", "-o", bundle)
    refused = run("verify", bundle, "--key", key, "--witness", witness)
    assert (1, True) == (refused[0], "has not cosigned" in refused[2])
    assert 0 == run("cosigned", back, "--witness", witness)[0]
    run("prove", "1", "-o", bundle)
    assert "cosigned" in run("verify", bundle, "--key", key, "--witness", witness)[1]
    assert "COSIGNATURE_REFUSED" in run("cosigned", sent, "--witness", witness)[2]
    assert "CHECKPOINT_STRANGE" in run("cosigned", back, "--witness", key)[2]
    assert "PROOF_REFUSED" in run("witness", tmp_path / "w", sent)[2]


def test_a_rotation_leaves_old_files_good(
    house: House, run: Run, key: str, tmp_path: Path
) -> None:  # fmt: skip
    """What was proved under the old key still is, and the log names both keys."""
    bundle = tmp_path / "proof.json"
    run("prove", "1", "-o", bundle)
    assert 0 == run("key", "--rotate")[0]
    named = json.loads(run("key", "--json")[1])
    assert named["key"] != key
    assert [key, named["key"]] == [one["key"] for one in named["named"]][-2:]
    assert 0 == run("verify", bundle, "--key", key)[0]
    assert 0 == run("verify", bundle)[0]  # the keys of this data folder's own log
    assert 1 == run("verify", bundle, "--key", named["key"])[0]


def test_without_a_key_nothing_is_proved(
    run: Run, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Elsewhere a key must be named, in words or as a file; and odd input is one line."""
    bundle = tmp_path / "proof.json"
    run("prove", "1", "-o", bundle)
    monkeypatch.setenv("EVENKEEL_HOME", str(tmp_path / "elsewhere"))
    assert (2, True) == ((ran := run("verify", bundle))[0], "KEY_NEEDED" in ran[2])
    (tmp_path / "key.txt").write_text(key + "\n")
    assert 0 == run("verify", bundle, "--key", tmp_path / "key.txt")[0]
    for wrong in (tmp_path / "none", tmp_path, "a+b", "a+b+c+d"):
        assert (2, "") == run("verify", bundle, "--key", wrong)[:2]
        assert (2, "") == run("verify", wrong, "--key", key)[:2]
    assert not (tmp_path / "elsewhere").exists()


def test_tools_are_copied_out(run: Run, tmp_path: Path) -> None:
    """Verifier and witness as files of their own."""
    assert 0 == run("tools", tmp_path / "tools")[0]
    assert {"log_verifier.py", "log_witness.py", "report_verifier.py", "signing_key.py"} == {
        path.name for path in (tmp_path / "tools").iterdir()
    }  # fmt: skip


def test_each_command_answers_as_one_document(run: Run, key: str, tmp_path: Path) -> None:
    """With --json standard output is one JSON document, whatever was asked."""
    sent, back, proof = (tmp_path / name for name in ("sent", "back", "proof"))
    for words in (
        ("key",), ("checkpoint",), ("checkpoint", "-o", sent), ("prove", 1), ("consistency", 2),
        ("prove", 1, "-o", proof), ("verify", proof), ("tools", tmp_path / "tools"),
        ("witness", tmp_path / "w", sent, "--key", key),
    ):  # fmt: skip
        status, told, _ = run(*words, "--json")
        assert (0, True) == (status, bool(json.loads(told))), words
    _, _, told = run("witness", tmp_path / "w", sent, "--key", key, "-o", back)
    witness = told.split("cosigned by ")[1].strip()
    assert json.loads(run("cosigned", back, "--witness", witness, "--json")[1])["size"]
    for words in (("prove", 10**9), ("verify", sent), ("consistency", "none"), ("prove", "x")):
        status, told, why = run(*words, "--json")
        assert (2, "", True) == (status, why, bool(json.loads(told)["error"]["hint"])), words


def test_the_guide_names_what_there_is() -> None:
    """Each command and option of the guide exists, and each code of its table is raised."""
    guide = (ROOT / "docs" / "transparency.md").read_text("utf-8")
    (group,) = [one for one in app.registered_groups if one.name == "log"]
    assert group.typer_instance is not None
    known = {one.name for one in group.typer_instance.registered_commands}
    assert known == set(re.findall(r"evenkeel log ([a-z]+)", guide))
    code = "".join(path.read_text("utf-8") for folder in ("graph", "service", "api")
                   for path in (ROOT / folder).rglob("*.py"))  # fmt: skip
    options = set(re.findall(r"(?<![\w-])--[a-z]+", guide))
    assert [] == [one for one in options if f'"{one}"' not in code and f" {one[2:]}: " not in code]
    codes = re.findall(r"`([A-Z_]{6,})`", guide)
    assert [] == [one for one in codes if f'"{one}"' not in code and one != "FORK"]


def asked(client: Client, query: str) -> dict[str, Any]:
    found: dict[str, Any] = client.post("/graphql", json={"query": query}).json()
    return found


def test_graphql_serves_checkpoint_and_proofs(house: House, key: str) -> None:
    """The head comes signed; proofs over GraphQL are what the naive definitions give."""
    with start_blocking_portal() as portal:
        client = Client(portal, create_app(house, TOKEN))
        head = asked(client, "{ head { sequence root checkpoint } }")["data"]["head"]
        found = asked(client, """{ a: inclusionProof(event: 2) { event leaf size root hashes }
            b: inclusionProof(event: 2, atSize: 3) { size root hashes }
            c: consistencyProof(from: 3) { fromSize fromRoot toSize toRoot hashes }
            d: consistencyProof(from: 1, to: 3) { toSize hashes } }""")["data"]  # fmt: skip
        for wrong in ("inclusionProof(event: 0) { root }", "consistencyProof(from: -1) { toRoot }",
                      "inclusionProof(event: 9, atSize: 3) { root }",
                      "inclusionProof(event: 2, atSize: 999) { root }"):  # fmt: skip
            (error,) = asked(client, f"{{ {wrong} }}")["errors"]
            assert error["extensions"]["code"] in ("LOG_SIZE", "EVENT_UNKNOWN")
            assert "input" == error["extensions"]["fault"]
    signed = read_checkpoint(head["checkpoint"])
    assert (head["sequence"], head["root"]) == (signed.size, signed.root.hex())
    all_leaves = leaves(house)
    size = len(all_leaves)
    assert (2, all_leaves[1].hex(), size, head["root"]) == (
        found["a"]["event"], found["a"]["leaf"], found["a"]["size"], found["a"]["root"],
    )  # fmt: skip
    assert [one.hex() for one in inclusion_proof(all_leaves, 1)] == found["a"]["hashes"]
    three = fold(all_leaves[:3]).root.hex()
    assert {"size": 3, "root": three, "hashes": [
        one.hex() for one in inclusion_proof(all_leaves[:3], 1)
    ]} == found["b"]  # fmt: skip
    assert (3, three, size) == tuple(
        found["c"][name] for name in ("fromSize", "fromRoot", "toSize")
    )
    assert [one.hex() for one in consistency_proof(all_leaves, 3)] == found["c"]["hashes"]
    assert [one.hex() for one in consistency_proof(all_leaves[:3], 1)] == found["d"]["hashes"]


def test_a_backup_takes_checkpoints_and_no_private_key(
    house: House, run: Run, key: str, database: Driver, connection: Connection, tmp_path: Path
) -> None:
    """Restored elsewhere, the log is held to what was signed, by a new key that it names."""
    run("checkpoint")
    held = house.settings.data_folder / "transparency"
    backup(house, tmp_path / "backup")
    secret = (held / "key").read_bytes().strip()
    for path in (tmp_path / "backup").rglob("*"):
        assert not path.is_file() or secret not in path.read_bytes()
    empty_the_graph(database)
    settings = Settings(home=tmp_path / "again", neo4j_uri=connection.uri,
                        neo4j_user=connection.user, neo4j_password=connection.password)  # fmt: skip
    restored = restore_on(settings, tmp_path / "backup", database)
    names = {path.name for path in (settings.data_folder / "transparency").iterdir()}
    assert {path.name for path in held.iterdir() if path.suffix == ".checkpoint"} < names
    assert ("keys" in names, "key" in names) == (True, False)
    from service.transparency import checkpoint, keys_of

    made = checkpoint(restored, "ada")
    present, named = keys_of(restored, "ada")
    assert present.text != key
    assert key in [text for _, _, text in named]
    assert made.size == restored.projection.log.head().sequence


def restore_on(settings: Settings, folder: Path, database: Driver) -> House:
    restore(settings, folder)
    return house_on(database, settings)
