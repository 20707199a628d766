"""Laws of partner bundles: a partner's own lines, proved and complete as logged, and no more."""

import hashlib
import json
import random
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.merkle import commitment, fold, salt
from graph.recovery.records import leaf_fields
from graph.transparency.log_verifier import COSIGNS, Refused, verify, written
from graph.transparency.partner_lines import (
    LEAST_LEAVES,
    NAMED_BY,
    SEEN,
    partner_part,
    partners_root,
    views_of,
)
from graph.transparency.signing_key import new_key
from ontology.errors import InputError, StateError
from ontology.plan import Assignment, Purchase, Substitution, Transfer
from ontology.terms import field_kinds
from tests.graph.transparency.small_log import PARTNER_LINES, SECRET, SmallLog, event
from tests.graph.transparency.test_log_verifier import OTHERS, changes, refusal, spots

EVENTS, PLAN = 13, 12
ACME = "Supplier/acme"
PARTNERS = ("Carrier/fast", "Customer/HIDDEN-BUYER", ACME, "Supplier/HIDDEN-RIVAL")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> SmallLog:
    return SmallLog(tmp_path_factory.mktemp("log"), EVENTS)


@pytest.fixture(scope="module")
def key(log: SmallLog) -> str:
    return log.key.public.text


@pytest.fixture(scope="module")
def full(log: SmallLog) -> bytes:
    """A bundle with all that one can hold."""
    witness = new_key("evenkeel.witness/w", COSIGNS)
    return log.bundle(PLAN, EVENTS, ACME, since=5, witnesses=[witness])


def test_a_partner_gets_all_its_lines_as_far_as_it_may_see_them(log: SmallLog, key: str) -> None:
    """Every line that names it, in order, and no field but those of its kind of partner."""
    found = verify(log.bundle(PLAN, EVENTS, ACME), [key])
    assert ("partner", ACME, f"{PLAN:064x}") == (found["proves"], found["partner"], found["plan"])
    own = [line for line in PARTNER_LINES if line.get("supplier") == "acme"]
    assert [line["number"] for line in own] == [line["number"] for line in found["lines"]]
    for whole, seen in zip(own, found["lines"], strict=True):
        assert seen == {name: whole[name] for name in SEEN["Supplier"]}


@pytest.mark.parametrize("partner", PARTNERS)
def test_nothing_hidden_is_in_any_bundle(log: SmallLog, partner: str) -> None:
    """No price, no other partner, no reason, no other line, nothing of the event but its proof."""
    data = log.bundle(PLAN, EVENTS, partner, since=5).decode()
    own = json.dumps(views_of(PARTNER_LINES)[partner])
    canaries = {word for word in re.findall(r"HIDDEN-[A-Z]+", json.dumps(PARTNER_LINES))
                if word not in own}  # fmt: skip
    assert [] == [word for word in canaries if word in data]
    plain = re.sub(r"[0-9a-f]{64}", "", data)
    prices = {str(SECRET + more) for more in range(9)} | {"7777777", "7777778", "2026-07-0"}
    assert [] == [text for text in prices if text in plain and text not in own]
    assert [] == [text for text in (event(PLAN).seed, '\\"ada', "ab" * 32) if text in data]


def test_prices_are_in_no_view() -> None:
    """Of any kind of line: a field that a partner sees is no amount, no reason and no note."""
    for record in (Transfer, Purchase, Assignment, Substitution):
        costs = {name for name in field_kinds(record) if "cost" in name or "paid" in name}
        assert costs | {"attention", "because"} == (costs | {"attention", "because"}) - {
            name for seen in SEEN.values() for name in seen}  # fmt: skip
    for class_name, seen in SEEN.items():
        others = {field for other, field in NAMED_BY.items() if other != class_name}
        assert set() == others & set(seen)


@pytest.mark.parametrize("partner", PARTNERS)
def test_hidden_fields_cannot_be_opened_with_what_is_there(log: SmallLog, partner: str) -> None:
    """Even who guesses a hidden value rightly cannot see that: no text of the file is its salt."""
    data = log.bundle(PLAN, EVENTS, partner, since=5)
    found, seed = event(PLAN), bytes.fromhex(event(PLAN).seed)
    document = json.loads(data)
    hidden = {name: field["commitment"] for name, field in document["event"]["fields"].items()
              if "commitment" in field}  # fmt: skip
    known = [bytes.fromhex(text) for text in set(re.findall(r"[0-9a-f]{64}", data.decode()))]
    values = leaf_fields(found)
    for name, committed in hidden.items():
        assert committed == commitment(salt(seed, name), name, values[name])
        for guess in known:
            assert committed != commitment(guess, name, values[name])
            assert committed != commitment(salt(guess, name), name, values[name])


def test_others_cannot_be_guessed_from_the_path(log: SmallLog, key: str) -> None:
    """Nor how many there are: a plan with one partner has a path as long as one with many."""
    views = views_of(PARTNER_LINES)
    part = json.loads(log.bundle(PLAN, EVENTS, ACME))["partner"]
    beside = {step[1:] for step in part["path"]}
    seeds = {part["salt"], *beside}
    for other in set(views) - {ACME}:
        name = f"partner/{other}"
        for text in seeds:
            for told in (bytes.fromhex(text), salt(bytes.fromhex(text), name)):
                guess = bytes.fromhex(commitment(told, name, views[other]))
                assert hashlib.sha256(b"\x00" + guess).hexdigest() not in beside
    for count in (1, 2, LEAST_LEAVES):
        lines = [{"number": n, "supplier": f"s{n}"} for n in range(1, count + 1)]
        seed = event(PLAN).seed
        made = with_root(partners_root(bytes.fromhex(seed), lines))
        assert 4 == len(partner_part(made, lines, "Supplier/s1")["path"])


def with_root(root: str) -> Any:
    """The event of the plan, with another root."""
    found = event(PLAN)
    return replace(found, payload={**found.payload, "partners_root": root})


@given(st.lists(st.tuples(st.sampled_from("abcdefghijklmnopqrst"), st.sampled_from("vwxyz")),
                max_size=40))  # fmt: skip
def test_every_partner_of_every_plan_is_proved(pairs: list[tuple[str, str]]) -> None:
    """However many there are: each path leads to the root that the event states."""
    lines = [
        {"number": number, "kind": "assignment", "customer": customer, "carrier": carrier}
        for number, (customer, carrier) in enumerate(pairs, 1)
    ]
    made = with_root(partners_root(bytes.fromhex(event(PLAN).seed), lines))
    for partner, seen in views_of(lines).items():
        part = partner_part(made, lines, partner)
        assert [f"partner/{partner}", seen] == json.loads(part["text"])
        root = hashlib.sha256(b"\x00" + hashlib.sha256(
            bytes.fromhex(part["salt"]) + part["text"].encode()).digest()).digest()  # fmt: skip
        for step in part["path"]:
            beside = bytes.fromhex(step[1:])
            pair = beside + root if step[0] == "<" else root + beside
            root = hashlib.sha256(b"\x01" + pair).digest()
        assert root.hex() == made.payload["partners_root"]


def test_no_changed_byte_passes(key: str, full: bytes) -> None:
    """One byte changed anywhere, taken out or doubled: refused, every time."""
    verify(full, [key])
    drawn = random.Random(7)
    for changed in changes(full, iter(lambda: drawn.randrange(256), None)):
        if changed != full:
            assert refusal(changed, key)


@pytest.mark.slow
def test_no_change_to_any_value_passes(key: str, full: bytes) -> None:
    """All 255 other values of every byte."""
    for place in range(len(full)):
        for flip in range(1, 256):
            assert refusal(full[:place] + bytes([full[place] ^ flip]) + full[place + 1 :], key)


@given(data=st.data())
def test_no_changed_value_passes(key: str, full: bytes, data: st.DataObject) -> None:
    """Any value anywhere replaced, dropped or added, and written well again: refused."""
    document = json.loads(full)
    *way, last = data.draw(st.sampled_from([path for path in spots(document) if path]))
    place = document
    for name in way:
        place = place[name]
    kept = place[last]
    if data.draw(st.booleans(), "drop"):
        del place[last]
        if [*way, last] == ["since"]:
            return  # a proof of less
    else:
        place[last] = data.draw(OTHERS)
        if place[last] == kept and type(place[last]) is type(kept):
            return
    try:
        changed = written(document)
    except UnicodeEncodeError:
        return
    assert refusal(changed, key)


def test_no_line_can_be_left_out_or_taken_from_another(log: SmallLog, key: str) -> None:
    """The lines are one text under one commitment; a part of another partner or plan is none."""
    document = json.loads(log.bundle(PLAN, EVENTS, ACME))
    name, lines = json.loads(document["partner"]["text"])
    for fewer in (lines[:1], lines[1:], [], [*lines, lines[0]], lines[::-1]):
        text = json.dumps([name, fewer], separators=(",", ":"), sort_keys=True)
        changed = document | {"partner": document["partner"] | {"text": text}}
        assert "no part of the plan" in refusal(written(changed), key)
    other_plan = json.loads(log.bundle(8, EVENTS, ACME))
    swapped = document | {"partner": other_plan["partner"]}
    assert "no part of the plan" in refusal(written(swapped), key)
    renamed = document["partner"] | {"name": "partner/Supplier/other"}
    assert "another name" in refusal(written(document | {"partner": renamed}), key)


def test_a_bundle_is_no_plain_proof_and_the_other_way_round(log: SmallLog, key: str) -> None:
    """Each has its own format with its own parts."""
    bundle, plain = (json.loads(one) for one in (log.bundle(PLAN, EVENTS, ACME),
                                                 log.proof(PLAN, EVENTS)))  # fmt: skip
    assert refusal(written(bundle | {"format": plain["format"]}), key)
    assert refusal(written(plain | {"format": bundle["format"]}), key)
    assert refusal(written(plain | {"partner": bundle["partner"]}), key)


def test_the_tree_is_in_no_order_of_names() -> None:
    """A place in it tells nothing: leaves stand by their hashes."""
    seed = bytes.fromhex(event(PLAN).seed)
    lines = [{"number": n, "supplier": f"s{n}"} for n in range(1, 9)]
    assert partners_root(seed, lines) == partners_root(seed, sorted(
        lines, key=lambda line: line["supplier"], reverse=True))  # fmt: skip
    assert partners_root(seed, []) != fold([]).root.hex()


def test_what_cannot_be_proved_is_told() -> None:
    """A partner without lines, and a plan that was logged before partners were committed to."""
    with pytest.raises(InputError) as unknown:
        partner_part(event(PLAN), PARTNER_LINES, "Supplier/nobody")
    assert "PARTNER_UNKNOWN" == unknown.value.code
    with pytest.raises(StateError) as old:
        partner_part(with_root(""), PARTNER_LINES, ACME)
    assert "PARTNERS_NOT_COMMITTED" == old.value.code


def test_refused_is_one_error() -> None:
    """Of the verifier, as everywhere in it."""
    with pytest.raises(Refused):
        verify(b'{"format":"evenkeel-partner-bundle/1"}\n', ["k"])


def test_the_verifier_stands_alone(log: SmallLog, key: str, tmp_path: Path) -> None:
    """One file and `cryptography`: copied out, in a process that sees nothing of the house."""
    import subprocess
    import sys

    from graph.transparency import log_verifier

    tool, file = tmp_path / "log_verifier.py", tmp_path / "bundle.json"
    tool.write_text(Path(str(log_verifier.__file__)).read_text("utf-8"))
    file.write_bytes(log.bundle(PLAN, EVENTS, ACME))
    command = [sys.executable, "-I", str(tool), str(file), "--key", key]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (0, [1, 4]) == (
        done.returncode, [line["number"] for line in json.loads(done.stdout)["lines"]]
    )  # fmt: skip
    file.write_bytes(file.read_bytes().replace(b"bolt", b"bold"))
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (1, "") == (done.returncode, done.stdout)
