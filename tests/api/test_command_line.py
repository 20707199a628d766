"""The command line: the contract of acceptance, its exit statuses, and one line per error."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import rules.release
import service.house
import solver.engine.dimacs
from api.command_line import main
from graph.login import Connection
from ontology.canonical import digest_of
from service.house import House

ROOT = Path(__file__).parents[2]
TWO_HUBS = ROOT / "examples" / "two_hubs"
EXAMPLES = ROOT / "rules" / "examples"
ANSWERS = {
    "optimal": ("p min 2 2\nn 1 3\nn 2 -3\na 1 2 0 2 -5\na 1 2 1 9 4\n", -6, 0),
    "infeasible": ("p min 2 1\nn 1 3\nn 2 -3\na 1 2 0 2 5\n", None, 1),
    "unbalanced": ("p min 2 1\nn 1 3\nn 2 -2\na 1 2 0 9 5\n", None, 1),
    "refused": ("p min 2 1\nn 1 3\nn 2 -3\na 1 2 0 3 9223372036854775807\n", None, 2),
}


@dataclass(frozen=True)
class Ran:
    """What one command did."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as one JSON document; anything else there fails."""
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process."""

    def command(*arguments: Any) -> Ran:
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        return Ran(status, *capsys.readouterr())

    return command


@pytest.fixture(scope="module")
def home(house: House, connection: Connection) -> Iterator[Path]:
    """The data folder of the shared service, named by the environment; no test adds to its log."""
    folder = house.settings.data_folder
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVENKEEL_HOME", str(folder))
        patch.setenv("NEO4J_URI", connection.uri)
        patch.setenv("NEO4J_USER", connection.user)
        patch.setenv("NEO4J_PASSWORD", connection.password)
        patch.setenv("COLUMNS", "100")
        yield folder


@pytest.fixture(scope="module")
def plan_file(home: Path) -> Path:
    """The sealed plan of two_hubs as a fresh process prints it, and its bundle beside it."""
    done = process("plan", "--example", "two_hubs", "--json", "--bundle", home / "bundle")
    assert (0, True) == (done.returncode, done.stdout.startswith(b"{")), done.stderr
    path = home / "printed.json"
    path.write_bytes(done.stdout)
    return path


def process(*arguments: Any, **options: Any) -> "subprocess.CompletedProcess[bytes]":
    """A command in a process of its own."""
    given = [sys.executable, "-m", "api.command_line", *map(str, arguments)]
    options = {"capture_output": True} | options
    return subprocess.run(given, cwd=ROOT, check=False, timeout=120, **options)


def modules_after(*arguments: Any) -> set[str]:
    """The modules that a command has imported when it ends."""
    code = (
        "import sys; from api.command_line import main; main(sys.argv[1:]); "
        "print(*sys.modules, sep='\\n', file=sys.stderr)"
    )
    given = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(given, cwd=ROOT, check=True, timeout=60, capture_output=True, text=True)
    return set(done.stderr.split())


@pytest.mark.parametrize("status", ANSWERS)
def test_solve_says_status_objective_and_bound(run: Run, tmp_path: Path, status: str) -> None:
    """`solve` prints whole numbers where the optimum is proved, null elsewhere, and its exit."""
    text, objective, expected_exit = ANSWERS[status]
    path = tmp_path / "network.min"
    path.write_text(text)
    ran = run("solve", path, "--json")
    found = ran.document
    assert (expected_exit, status) == (ran.status, found["status"])
    assert (objective, objective) == (found["objective"], found["bound"])
    assert (status == "refused") == ("error" in found)
    assert expected_exit == run("solve", path).status


def test_solve_refuses_what_it_cannot_read(run: Run, tmp_path: Path) -> None:
    """An unreadable file is status refused with its error, exit 2."""
    ran = run("solve", tmp_path / "none.min", "--json")
    assert (2, "refused", None) == (ran.status, ran.document["status"], ran.document["objective"])
    assert ran.document["error"]["code"] == "DIMACS_UNREADABLE"


def test_validate_prints_results_and_exits_by_severity(run: Run) -> None:
    """A Violation is exit 1 with the fields of SHACL; data that conforms is exit 0."""
    shapes = ROOT / "rules" / "shapes" / "cold-chain.ttl"
    ran = run("validate", EXAMPLES / "cold-chain/breaks.ttl", "--shapes", shapes, "--json")
    assert (1, False) == (ran.status, ran.document["conforms"])
    wanted = {"focusNode", "resultPath", "value", "sourceConstraintComponent", "resultSeverity"}
    assert wanted <= set(ran.document["results"][0])
    ran = run("validate", EXAMPLES / "cold-chain/conforms.ttl", "--shapes", shapes, "--json")
    assert (0, True, []) == (ran.status, ran.document["conforms"], ran.document["results"])


def test_a_warning_is_a_result_that_does_not_block(run: Run, tmp_path: Path) -> None:
    """Severity is the disposition: a Warning is printed, does not conform, and is exit 0."""
    data, shapes = tmp_path / "data.ttl", tmp_path / "shapes.ttl"
    data.write_text("<urn:a> a <urn:C> .")
    shapes.write_text(
        "@prefix sh: <http://www.w3.org/ns/shacl#> . <urn:s> a sh:NodeShape ; "
        "sh:targetClass <urn:C> ; sh:severity sh:Warning ; "
        "sh:property [ sh:path <urn:p> ; sh:minCount 1 ; sh:severity sh:Warning ] ."
    )
    ran = run("validate", data, "--shapes", shapes, "--json")
    assert (0, False, 1) == (ran.status, ran.document["conforms"], len(ran.document["results"]))


def test_verify_accepts_the_printed_plan_without_a_solver(plan_file: Path) -> None:
    """What `plan --json` prints, `verify` accepts, and no solver is ever imported."""
    assert process("verify", plan_file).returncode == 0
    found = modules_after("verify", plan_file.parent / "bundle")
    assert set() == {name.partition(".")[0] for name in found} & {"ortools", "numba"}
    assert {"solver.proof.certificate", "service.verify"} <= found


def test_verify_derives_a_plan_of_its_own_service(run: Run, plan_file: Path) -> None:
    """Where the service's own artifacts hold the facts, they are used unasked."""
    checks = run("verify", plan_file, "--json").document["checks"]
    assert ["accepted"] * 3 == [check["status"] for check in checks]


def test_verify_runs_all_three_checks_on_a_bundle(run: Run, plan_file: Path) -> None:
    """A bundle holds all that derivation needs."""
    ran = run("verify", plan_file.parent / "bundle", "--json")
    statuses = {check["name"]: check["status"] for check in ran.document["checks"]}
    assert {"arithmetic": "accepted", "seal": "accepted", "derivation": "accepted"} == statuses
    assert (0, True) == (ran.status, ran.document["accepted"])


def test_a_saved_plan_is_taken_away_as_the_bundle_that_was_made_with_it(
    run: Run, plan_file: Path, tmp_path: Path
) -> None:
    """Of any plan on record: the same files, byte for byte, and they verify."""
    digest = json.loads(plan_file.read_bytes())["plan_digest"]
    assert 0 == run("show", digest, "--bundle", tmp_path / "again").status
    first, again = plan_file.parent / "bundle", tmp_path / "again"
    files = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
    assert files == sorted(one.relative_to(again) for one in again.rglob("*") if one.is_file())
    assert all((first / name).read_bytes() == (again / name).read_bytes() for name in files)
    assert 0 == run("verify", again).status


def test_verify_refuses_a_plan_that_was_changed(run: Run, plan_file: Path, tmp_path: Path) -> None:
    """A better bound under fresh seals is refused by the arithmetic: exit 1."""
    document = json.loads(plan_file.read_bytes())
    document["decision"]["certificate"]["bound"] += 1
    document["plan_digest"] = digest_of(document["decision"])
    document["seal"] = digest_of({k: v for k, v in document.items() if k != "seal"})
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(document))
    ran = run("verify", changed, "--json")
    checks = {check["name"]: check["status"] for check in ran.document["checks"]}
    assert (1, "refused", "accepted") == (ran.status, checks["arithmetic"], checks["seal"])


def test_show_finds_the_plan_by_prefix_and_as_the_latest(run: Run, plan_file: Path) -> None:
    """A saved plan is the same document whatever it is called."""
    document = json.loads(plan_file.read_bytes())
    assert document["format"] == run("show", "--json").document["format"]
    assert document == run("show", document["plan_digest"][:8], "--json").document


def test_show_prints_every_part_for_a_person(run: Run, plan_file: Path) -> None:
    """Lines, shortfalls with kind and reason, comparison, certificate and rules are shown."""
    shown = run("show").out
    for part in ("optimal", "15.31", "24.28", "91.2 %", "reefer-ns", "not worth it",
                 "cold-chain", "safety-floor", "EUR"):  # fmt: skip
        assert part in shown


def test_a_saved_plan_is_made_once(run: Run, plan_file: Path) -> None:
    """Planning again on the same facts prints the same document, shortfalls and all, exit 0."""
    ran = run("plan", "--example", "two_hubs", "--json")
    assert (0, json.loads(plan_file.read_bytes())) == (ran.status, ran.document)
    assert ran.document["decision"]["shortfalls"]


def test_trace_leads_from_a_line_to_file_and_row(run: Run, plan_file: Path) -> None:
    """The tree of a line holds fact, event, file and row; --json the same as nodes and edges."""
    tree = run("trace", "2").out
    for part in ("transfer 2", "Lane reefer-ns", "event 2", "lanes.csv, row 2", "in plan"):
        assert part in tree
    kinds = {node["kind"] for node in run("trace", "latest", "2", "--json").document["nodes"]}
    assert {"line", "fact", "event", "file", "row", "plan", "release", "snapshot"} <= kinds


def test_trace_leads_from_a_fact_to_what_used_it(run: Run, plan_file: Path) -> None:
    """The tree of a fact holds the lines and the plan that were derived from it."""
    tree = run("trace", "--fact", "two_hubs/Lane/reefer-ns").out
    assert "used by transfer 2" in tree
    assert "used by plan" in tree


def test_sync_accounts_for_every_row(run: Run, home: Path) -> None:
    """Rows are loaded, merged or quarantined; the same files again give the first event back."""
    ran = run("sync", TWO_HUBS, "--mapping", TWO_HUBS / "mapping.yaml", "--json")
    assert (0, True, 0) == (ran.status, ran.document["replayed"], ran.document["quarantined_rows"])
    for file in ran.document["files"]:
        assert file["rows"] == file["loaded"] + file["duplicates"] + file["quarantined"]
    shown = run("sync", TWO_HUBS, "--mapping", TWO_HUBS / "mapping.yaml")
    assert "demand_outcomes.csv" in shown.out
    assert "loaded before" in shown.err
    assert "plan with `evenkeel plan --chain two_hubs`" in shown.err


def test_rules_are_checked_without_a_database(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """`rules --check` is silent on the shipped rules, and names file, rule and code of the rest.

    A rule that no command can evaluate is listed there too, beside the others.
    """
    monkeypatch.setenv("NEO4J_URI", "bolt://127.0.0.1:9")
    good = run("rules", "--check")
    assert (0, True) == (good.status, "nothing to correct" in good.out)
    monkeypatch.setattr(rules.release, "default_release", spoilt_release)
    found = run("rules", "--check", "--json")
    remarks = {(remark["file"], remark["code"]) for remark in found.document["remarks"]}
    assert 1 == found.status
    assert {("own.ttl", "RULE_UNDOCUMENTED"), ("own.ttl", "RULE_NOT_EVALUATED")} <= remarks
    assert (
        "own.ttl: rule https://w3id.org/evenkeel/rule/own: without" in run("rules", "--check").out
    )


def test_a_rule_that_cannot_be_evaluated_is_bad_input(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law 7: it blocks every plan; exit 2, as any fault of a rule's text, with file and row."""
    monkeypatch.setattr(service.house, "default_release", spoilt_release)
    ran = run("plan", "--chain", "two_hubs", "--json")
    error = ran.document["error"]
    assert (2, "RULE_NOT_EVALUATED") == (ran.status, error["code"])
    assert error["message"].startswith("own.ttl, row 3: rule `https://w3id.org/")


def spoilt_release() -> rules.release.Release:
    """The shipped release with one more rule, of a property that no lane has."""
    text = (
        "@prefix sh: <http://www.w3.org/ns/shacl#> .\n"
        "@prefix inv: <https://w3id.org/evenkeel/inventory#> .\n"
        "<https://w3id.org/evenkeel/rule/own> sh:targetClass inv:Lane ;\n"
        "    sh:path inv:colour ;\n    sh:minCount 1 .\n"
    )
    whole = rules.release.from_folder(ROOT / "rules")
    return rules.release.Release("own", "1", {**whole.shapes, "own.ttl": text}, whole.knobs)


def test_query_answers_through_the_served_schema(run: Run, plan_file: Path, tmp_path: Path) -> None:
    """A document from text or file, with variables, is answered; a wrong one is exit 2."""
    text = "query($c: String!) { plans(chain: $c) { edges { node { digest } } } }"
    variables = '{"c": "two_hubs"}'
    found = run("query", text, "--variables", variables, "--json")
    digest = json.loads(plan_file.read_bytes())["plan_digest"]
    digests = [edge["node"]["digest"] for edge in found.document["data"]["plans"]["edges"]]
    assert (0, True) == (found.status, digest in digests)
    path = tmp_path / "plans.graphql"
    path.write_text(text)
    assert found.out == run("query", path, "--variables", variables, "--json").out
    wrong = run("query", "{ nothing }")
    assert (2, True) == (wrong.status, bool(wrong.document["errors"]))


def test_rules_are_listed_with_what_they_closed(run: Run, plan_file: Path) -> None:
    """Each rule has its title, severity and count in the latest plan."""
    rows = {row["rule"]: row for row in run("rules", "--json").document["rules"]}
    cold = rows["https://w3id.org/evenkeel/rule/cold-chain"]
    assert ("Cold chain", "Violation", 4) == (cold["title"], cold["severity"], cold["closed"])


BAD_INPUT = {
    "no such option": (["plan", "--bogus"], "USAGE"),
    "no such command": (["fly"], "USAGE"),
    "no file named": (["solve"], "USAGE"),
    "no such network": (["solve", "none.min"], "DIMACS_UNREADABLE"),
    "no such data": (["validate", "none.ttl", "--shapes", "none.ttl"], "RDF_MISSING"),
    "no such plan file": (["verify", "none.json"], "PLAN_UNREADABLE"),
    "no such artifacts": (["verify", "x.json", "--artifacts", "none"], "ARTIFACTS_MISSING"),
    "chain and example": (["plan", "--chain", "a", "--example", "b"], "USAGE"),
    "no such cost": (["plan", "--cost", "fuel"], "COST_PARTS"),
    "no such day": (["plan", "--starts-on", "2026-02-30"], "BAD_DATE"),
    "no such example": (["plan", "--example", "three_hubs"], "EXAMPLE_UNKNOWN"),
    "no such chain": (["plan", "--chain", "three_hubs"], "CHAIN_UNKNOWN"),
    "no digest": (["show", "it's [red]this[/red]\x1b[31m\x07"], "PLAN_UNKNOWN"),
    "no such plan": (["show", "0000000000"], "PLAN_UNKNOWN"),
    "no such line": (["trace", "999"], "LINE_UNKNOWN"),
    "no line number": (["trace", "latest", "one"], "LINE_UNKNOWN"),
    "no fact": (["trace", "--fact", "two_hubs/Lane/none"], "FACT_UNKNOWN"),
    "nothing to trace": (["trace"], "USAGE"),
    "no such mapping": (["sync", str(TWO_HUBS), "--mapping", "none.yaml"], ""),
    "no such query": (["query", "none.graphql"], "QUERY_UNREADABLE"),
    "no variables": (["query", "{ head }", "--variables", "[1]"], "BAD_VARIABLES"),
    "no address": (["serve", "--host", "203.0.113.7"], "PORT_TAKEN"),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_is_one_line_and_a_hint(run: Run, plan_file: Path, case: str) -> None:
    """Bad input is exit 2, one error line and one hint on standard error, nothing on the other."""
    arguments, code = BAD_INPUT[case]
    ran = run(*arguments)
    lines = ran.err.splitlines()
    assert (2, "", 2) == (ran.status, ran.out, len(lines)), ran
    assert lines[0].startswith("error: ")
    assert code in lines[1]
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("case", [name for name in BAD_INPUT if name != "no such network"])
def test_bad_input_with_json_is_one_document(run: Run, plan_file: Path, case: str) -> None:
    """With --json an error is a document with code, message and hint, and nothing else."""
    arguments, code = BAD_INPUT[case]
    ran = run(*arguments, *([] if arguments[0] == "serve" else ["--json"]))
    if arguments[0] == "serve":
        return
    assert (2, "") == (ran.status, ran.err)
    assert {"code", "message", "hint"} == set(ran.document["error"])
    assert code in ran.document["error"]["code"]


def test_an_unexpected_error_is_one_line(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A defect shows its kind and where its traceback is kept, never the traceback."""

    def broken(_: Path) -> None:
        raise RuntimeError("planted\nin two lines")

    monkeypatch.setattr(solver.engine.dimacs, "solve_file", broken)
    ran = run("solve", "any.min")
    assert (1, "", 2) == (ran.status, ran.out, len(ran.err.splitlines()))
    assert "INTERNAL" in ran.err
    kept = home / "last-error.txt"
    assert "planted" in kept.read_text()
    assert 0o600 == kept.stat().st_mode & 0o777
    kept.chmod(0o644)
    assert run("solve", "any.min", "--json").document["error"]["code"] == "INTERNAL"
    assert 0o600 == kept.stat().st_mode & 0o777


def test_an_interrupt_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends a command with one line and exit 130."""

    def interrupted(_: Path) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(solver.engine.dimacs, "solve_file", interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background
    try:
        assert Ran(130, "", "interrupted\n") == run("solve", "any.min")
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("arguments", [["--help"], ["solve", "FILE", "--json"]])
def test_a_reader_that_leaves_is_no_error(tmp_path: Path, arguments: list[str]) -> None:
    """When the other end of the pipe is gone, the command ends without a word."""
    path = tmp_path / "network.min"
    path.write_text(ANSWERS["optimal"][0])
    reader, writer = os.pipe()
    os.close(reader)
    given = [str(path) if part == "FILE" else part for part in arguments]
    try:
        done = process(*given, capture_output=False, stdout=writer, stderr=subprocess.PIPE)
    finally:
        os.close(writer)
    assert b"" == done.stderr


def test_help_is_light() -> None:
    """`--help` loads neither numpy nor the database driver nor RDF."""
    heavy = {"numpy", "neo4j", "rdflib", "pyshacl", "ortools", "fastapi", "strawberry", "uvicorn"}
    assert set() == heavy & modules_after("--help")


def test_down_and_status_without_a_server(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On an empty folder nothing runs (exit 1), and there is nothing to stop (exit 0)."""
    monkeypatch.setenv("EVENKEEL_HOME", str(tmp_path))
    monkeypatch.setenv("NEO4J_URI", "")
    found = run("status", "--json")
    assert (1, False) == (found.status, found.document["running"])
    stopped = run("down", "--json")
    assert (0, {"stopped": False}) == (stopped.status, stopped.document)


def test_a_server_that_is_not_ours_is_left_alone(run: Run, home: Path) -> None:
    """With NEO4J_URI set, `up` and `status` tell of that server and `down` does not touch it."""
    assert (0, False) == ((up := run("up", "--json")).status, up.document["managed"])
    assert {"stopped": False} == run("down", "--json").document
    assert run("status").status == 0


def test_a_rule_has_a_price(home: Path) -> None:
    """A rule names what it costs: never less than nothing, and what would open without it."""
    done = process("price", "cold-chain", "--chain", "two_hubs", "--json")
    (found,) = json.loads(done.stdout)["prices"]
    assert (0, 4_040_000, 4) == (done.returncode, found["difference_scaled"], found["closed"])
    assert ["truck-ns"] == [line["lane"] for line in found["opened"]]


def test_an_unknown_rule_is_one_line(home: Path) -> None:
    """A rule that the release does not have is bad input with a hint."""
    done = process("price", "warm-chain", "--chain", "two_hubs")
    assert 2 == done.returncode
    assert b"evenkeel rules" in done.stderr


def test_a_pattern_that_never_ends_is_given_up(tmp_path: Path) -> None:
    """Law 9: a costly pattern in the shapes cannot hold the command for ever."""
    prefix = "@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix ex: <http://example.org/> .\n"
    (tmp_path / "d.ttl").write_text(prefix + f'ex:a ex:name "{"a" * 40}!" .\n')
    costly = 'sh:property [ sh:path ex:name ; sh:pattern "^(a+)+$" ]'
    shape = f"ex:s a sh:NodeShape ; sh:targetNode ex:a ; {costly} .\n"
    (tmp_path / "s.ttl").write_text(prefix + shape)
    done = process("validate", tmp_path / "d.ttl", "--shapes", tmp_path / "s.ttl", "--json",
                   "--time-limit", "2")  # fmt: skip
    assert (2, "TIME_LIMIT") == (done.returncode, json.loads(done.stdout)["error"]["code"])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("more", [["--json"], []])
def test_output_that_cannot_be_written_is_one_line(home: Path, more: list[str]) -> None:
    """A full disk behind standard output is said on standard error, without a traceback."""
    with Path("/dev/full").open("wb") as full:
        done = process("show", "latest", *more, capture_output=False, stdout=full,
                       stderr=subprocess.PIPE)  # fmt: skip
    assert 1 == done.returncode
    assert b"error: the output cannot be written" in done.stderr
    assert b"Traceback" not in done.stderr
