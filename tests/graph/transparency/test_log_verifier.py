"""Laws of the verifier: what it accepts stands in the signed log, and no changed byte passes."""

import hashlib
import json
import random
import re
import resource
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.merkle import fold, is_consistent, is_included, leaf_hash
from graph.transparency import log_verifier
from graph.transparency.log_verifier import (
    COSIGNS,
    SIGNS,
    Checkpoint,
    Refused,
    Unreadable,
    hold_consistent,
    hold_signed,
    path_root,
    read_checkpoint,
    read_key,
    verify,
    written,
)
from graph.transparency.signing_key import new_key, read_signing_key
from ontology.canonical import canonical
from tests.graph.transparency.small_log import LINES, ORIGIN, SmallLog, event

EVENTS = 13
PLAN = 12

# The key, text and signature that the authors of the note format publish as their example.
NAMED = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz\n"
SIGNED = (
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8="
)
COSIGNED = (
    "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIU"
    "BkBIfZ+qnA=="
)
EXAMPLE = f"""example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa {SIGNED}
— witness.example.com/w1 {COSIGNED}
"""


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> SmallLog:
    return SmallLog(tmp_path_factory.mktemp("log"), EVENTS)


@pytest.fixture(scope="module")
def key(log: SmallLog) -> str:
    return log.key.public.text


@pytest.fixture(scope="module")
def full(log: SmallLog) -> bytes:
    """A proof with all that one can hold: hidden fields, lines, an older checkpoint, a witness."""
    witness = new_key("evenkeel.witness/w", COSIGNS)
    return log.proof(PLAN, EVENTS, since=5, only=["payload.plan", "payload.lines_root", "agent"],
                     lines=[3, 11], witnesses=[witness])  # fmt: skip


def refusal(data: bytes, *keys: str, **more: Any) -> str:
    """The words of a refusal; anything but a refusal fails the test."""
    with pytest.raises(Refused) as caught:
        verify(data, keys, **more)
    return str(caught.value)


def test_an_event_is_proved_with_its_fields(log: SmallLog, key: str) -> None:
    """All that was logged is shown as it was, at every size from the event on."""
    for number in (1, 5, PLAN, EVENTS):
        for size in range(number, EVENTS + 1):
            found = verify(log.proof(number, size), [key])
            assert (number, size, ORIGIN) == (found["event"], found["size"], found["origin"])
            assert event(number).payload == {
                name.removeprefix("payload."): value for name, value in found["fields"].items()
                if name.startswith("payload.")
            }  # fmt: skip
            assert ([], "ada") == (found["hidden"], found["fields"]["agent"])


def test_a_redacted_proof_shows_what_was_chosen_alone(log: SmallLog, key: str) -> None:
    """Hidden fields leave their names and nothing from which they could be guessed."""
    data = log.proof(PLAN, EVENTS, only=["payload.plan"])
    found = verify(data, [key])
    assert {"payload.plan": f"{PLAN:064x}"} == found["fields"]
    assert {"agent", "artifact", "payload.n"} < set(found["hidden"])
    hidden = [event(PLAN).seed, '\\"ada', "ab" * 32, "2026-01-31"]
    assert hidden[1:] == [text for text in hidden if text in log.proof(PLAN, EVENTS).decode()]
    assert [] == [text for text in hidden if text in data.decode()]


def test_lines_are_shown_without_the_others(log: SmallLog, key: str) -> None:
    """Each chosen line is proved to be of the plan; of the others there is nothing."""
    for number in range(1, len(LINES) + 1):
        found = verify(log.proof(PLAN, EVENTS, lines=[number, 11]), [key])
        assert [LINES[number - 1], LINES[10]][: 1 + (number < 11)] == found["lines"]
    assert b'\\"units\\":16' not in log.proof(PLAN, EVENTS, lines=[3, 11])


@pytest.mark.parametrize("old", range(1, EVENTS + 1))
def test_growth_is_proved(log: SmallLog, key: str, old: int) -> None:
    """A file shows that the log only grew, from every size; and so does a proof with `since`."""
    mine = log.checkpoint(old).text
    found = verify(log.consistency(old, EVENTS), [key], since=mine)
    assert ("consistency", old, EVENTS) == (found["proves"], found["old_size"], found["size"])
    assert old == verify(log.proof(1, EVENTS, since=old), [key], since=mine)["since"]


def changes(data: bytes, wanted: Iterator[int]) -> Iterator[bytes]:
    """The data with one byte changed to each of some others, taken out, or doubled."""
    for place in range(len(data)):
        for other in [next(wanted) for _ in range(2)]:
            if other != data[place]:
                yield data[:place] + bytes([other]) + data[place + 1 :]
        for flip in (0x01, 0x20, 0x80):
            yield data[:place] + bytes([data[place] ^ flip]) + data[place + 1 :]
        yield data[:place] + data[place + 1 :]
        yield data[: place + 1] + data[place:]


@pytest.mark.parametrize("which", ["full", "consistency"])
def test_no_changed_byte_passes(log: SmallLog, key: str, full: bytes, which: str) -> None:
    """One byte changed anywhere, taken out or doubled: refused, every time, with a reason."""
    data = full if which == "full" else log.consistency(5, EVENTS)
    verify(data, [key])
    drawn = random.Random(7)
    for changed in changes(data, iter(lambda: drawn.randrange(256), None)):
        if changed != data:
            assert refusal(changed, key)


@pytest.mark.slow
def test_no_change_to_any_value_passes(key: str, full: bytes) -> None:
    """All 255 other values of every byte."""
    for place in range(len(full)):
        for flip in range(1, 256):
            assert refusal(full[:place] + bytes([full[place] ^ flip]) + full[place + 1 :], key)


def spots(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value within a document."""
    yield path
    parts = value.items() if isinstance(value, dict) else (
        enumerate(value) if isinstance(value, list) else ()
    )  # fmt: skip
    for name, inner in parts:
        yield from spots(inner, (*path, name))


OTHERS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 30), st.integers(), st.floats(),
    st.text(max_size=70),
    st.sampled_from(["0" * 64, "+", "a" * 64, "line/1", 12.0, "12"]),
    st.lists(st.text(max_size=3), max_size=3), st.dictionaries(st.text(max_size=9), st.none()),
)  # fmt: skip


@given(data=st.data())
def test_no_changed_value_passes(key: str, full: bytes, data: st.DataObject) -> None:
    """Any value anywhere replaced, dropped or taken from elsewhere, and written well: refused."""
    document = json.loads(full)
    paths = [path for path in spots(document) if path]
    *way, last = data.draw(st.sampled_from(paths))
    place = document
    for name in way:
        place = place[name]
    kept = place[last]
    if data.draw(st.booleans(), "drop"):
        del place[last]
        if (way or [last]) in (["lines"], ["since"]) and last not in ("checkpoint", "proof"):
            return  # a proof of less: the next test
    else:
        place[last] = data.draw(OTHERS)
        if place[last] == kept and type(place[last]) is type(kept):
            return
        if last == "lines" and place[last] == []:
            return
    try:
        changed = written(document)
    except UnicodeEncodeError:
        return
    assert refusal(changed, key)


def test_a_part_that_is_left_out_is_a_proof_of_less(key: str, full: bytes) -> None:
    """Without the lines they are not shown; without the older checkpoint nothing is said of it."""
    document = json.loads(full)
    del document["lines"]
    assert [] == verify(written(document), [key])["lines"]
    since = document.pop("since")["checkpoint"]
    assert "no consistency proof" in refusal(written(document), key, since=since)


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_any_bytes_give_one_refusal(key: str, data: bytes) -> None:
    """Whatever a file holds, there is one refusal and no other error."""
    assert refusal(data, key)
    with pytest.raises(Unreadable):
        read_checkpoint(data.decode("utf-8", "replace"))


@pytest.mark.parametrize("data", [
    b'{"format":"evenkeel-log-proof/1"}\n', b"[" * 100_000, b'{"a":' * 5_000, b"{}\n",
    b'{"format":["x"]}\n', b'{"format":{}}\n', b"1" * 5_000, b'{"format":"\\ud800"}\n',
])  # fmt: skip
def test_odd_documents_are_refused(key: str, data: bytes) -> None:
    """Deep, huge, empty or of other types: one refusal."""
    assert refusal(data, key)


def test_a_key_must_be_named_and_be_the_right_one(log: SmallLog, key: str) -> None:
    """No key, a stranger's key of the same name, or a witness's key alone prove nothing."""
    data = log.proof(2, EVENTS)
    assert "name the public key" in refusal(data)
    assert "no key that you trust" in refusal(data, new_key(ORIGIN, SIGNS).public.text)
    assert "name the public key" in refusal(data, new_key(ORIGIN, COSIGNS).public.text)
    strange = new_key("evenkeel.log/else", SIGNS)
    assert "no key that you trust" in refusal(data, strange.public.text)
    assert verify(data, [strange.public.text, key])


def test_a_key_signs_for_its_own_log_alone(log: SmallLog, key: str) -> None:
    """A trusted key of another log, and a witness under this log's name, do not sign for it."""
    strange, named = new_key("evenkeel.log/else", SIGNS), new_key(ORIGIN, COSIGNS)
    data = log.proof(2, EVENTS, witnesses=[strange, named])
    assert verify(data, [key])
    assert "no key that you trust" in refusal(data, strange.public.text)
    assert "no key that you trust" in refusal(data, strange.public.text, named.public.text)


@pytest.mark.parametrize("more", [1, 2])
def test_only_keys_that_signed_are_named(log: SmallLog, key: str, more: int) -> None:
    """A key beside those of the signatures, or one of them twice, is refused."""
    document = json.loads(log.proof(2, EVENTS))
    document["keys"].append(new_key("else", SIGNS).public.text if more == 1 else key)
    assert "keys are not those" in refusal(written(document), key)


def test_a_crowd_of_keys_is_refused_unread(log: SmallLog, key: str) -> None:
    """So many keys and signatures that comparing them would take minutes."""
    document = json.loads(log.proof(2, EVENTS))
    document["keys"] += ["no key at all"] * 300
    assert "more than 256 keys" in refusal(written(document), key)


def test_a_dense_file_is_refused_before_it_is_read(key: str) -> None:
    """60 MB of brackets would be gigabytes of lists."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "parts" in refusal(b"[" + b"[]," * 20_000_000 + b"0]", key)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


def test_a_forger_with_another_key_is_refused(tmp_path: Path, log: SmallLog, key: str) -> None:
    """A whole log of somebody's own, signed with an own key under the same name, is no proof."""
    forged = SmallLog(tmp_path, EVENTS, "forged")
    assert verify(forged.proof(2, EVENTS), [forged.key.public.text])
    assert "no key that you trust" in refusal(forged.proof(2, EVENTS), key)
    both = json.loads(forged.proof(2, EVENTS))
    both["keys"] = sorted([key, forged.key.public.text])
    assert refusal(written(both), key)


def test_a_witness_is_demanded(log: SmallLog, key: str) -> None:
    """Who demands a cosignature gets its time, and a refusal where there is none."""
    one, other = new_key("witness.one", COSIGNS), new_key("witness.two", COSIGNS)
    data = log.proof(2, EVENTS, witnesses=[one])
    found = verify(data, [key], witnesses=[one.public.text])
    assert {one.public.text: 1_800_000_000} == found["witnesses"]
    assert "has not cosigned" in refusal(data, key, witnesses=[other.public.text])
    assert "has not cosigned" in refusal(data, key, witnesses=[one.public.text, other.public.text])
    assert "has not cosigned" in refusal(data, key, witnesses=[key])


def test_an_older_checkpoint_of_a_fork_is_found_out(
    tmp_path: Path, log: SmallLog, key: str
) -> None:  # fmt: skip
    """Who holds a checkpoint of another history, signed by the same key, learns of the fork."""
    other = SmallLog(tmp_path, EVENTS, "other history")
    theirs = other.checkpoint(5, log.key).text
    assert "FORK" in refusal(log.proof(1, EVENTS, since=5), key, since=theirs)
    theirs = other.checkpoint(EVENTS, log.key).text
    assert "FORK" in refusal(log.proof(1, EVENTS), key, since=theirs)
    strange = other.checkpoint(5).text
    assert "no key that you trust" in refusal(log.proof(1, EVENTS, since=5), key, since=strange)


def test_the_content_of_an_event_is_tied_to_it(log: SmallLog, key: str) -> None:
    """A file passes as the event's content where its SHA-256 is the one that was logged."""
    content = canonical({"decision": 1})
    fields = {"artifact": hashlib.sha256(content).hexdigest()}
    log_verifier.hold_artifact(fields, content)
    log_verifier.hold_artifact(fields, content + b"\n")
    for wrong in (content + b" ", content[:-1], b""):
        with pytest.raises(Refused):
            log_verifier.hold_artifact(fields, wrong)
    assert "content" in refusal(log.proof(2, EVENTS), key, artifact=content)
    assert "hidden" in refusal(log.proof(2, EVENTS, only=["agent"]), key, artifact=content)


@given(st.integers(1, 200), st.data())
def test_paths_agree_with_the_other_definition(size: int, data: st.DataObject) -> None:
    """The climb by places and the loop of RFC 9162 accept the same paths, whole or changed."""
    leaves = [leaf_hash(bytes([number])) for number in range(size)]
    place = data.draw(st.integers(0, size - 1))
    from graph.merkle import inclusion_proof

    path, root = inclusion_proof(leaves, place), fold(leaves).root
    assert root == path_root(leaves[place], place, path, size)
    asked, other = data.draw(st.integers(0, size + 3)), data.draw(st.integers(1, size + 3))
    cut = path[: data.draw(st.integers(0, len(path)))]
    for changed in (path, cut, (*path, root)):
        if asked < other:
            mine = is_included(leaves[place], asked, other, changed, root)
            assert mine == is_root(leaves[place], asked, changed, other, root)


def is_root(leaf: bytes, place: int, path: tuple[bytes, ...], size: int, root: bytes) -> bool:
    try:
        return path_root(leaf, place, path, size) == root
    except Refused:
        return False


@given(st.integers(1, 120), st.data())
def test_growth_agrees_with_the_other_definition(size: int, data: st.DataObject) -> None:
    """Both definitions of consistency accept the same proofs, whole or changed."""
    from graph.merkle import consistency_proof

    leaves = [leaf_hash(bytes([number])) for number in range(size)]
    old = data.draw(st.integers(1, size))
    proof, root = consistency_proof(leaves, old), fold(leaves).root
    roots = [fold(leaves[:old]).root, leaf_hash(b"other")]
    sizes = data.draw(st.tuples(st.integers(1, size + 2), st.integers(1, size + 2)))
    cut = proof[: data.draw(st.integers(0, len(proof)))]
    for begin, end in ((old, size), sizes):
        for changed in (proof, cut, (*proof, root), proof[::-1]):
            for before in roots:
                expected = is_consistent(begin, end, changed, before, root)
                assert expected == is_growth(begin, end, changed, before, root)


def is_growth(
    old: int, size: int, proof: tuple[bytes, ...], before: bytes, root: bytes
) -> bool:  # fmt: skip
    try:
        hold_consistent(Checkpoint("o", old, before, ()), Checkpoint("o", size, root, ()), proof)
    except Refused:
        return False
    return True


def test_the_published_keys_are_read() -> None:
    """Keys of the note format's authors are read, and their signature is made again."""
    assert NAMED == read_key(NAMED).text
    text = ("If you think cryptography is the answer to your problem,\n"
            "then you don't know what your problem is.\n")  # fmt: skip
    private = key_of(PRIVATE)
    blob = private.public.number + private._private.sign(text.encode())
    published = ("x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6K"
                 "E6RyyBwJnAM=")  # fmt: skip
    assert (NAMED, published) == (private.public.text, b64encode(blob).decode())


def key_of(text: str) -> Any:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "key"
        path.touch(0o600)
        path.write_text(text)
        return read_signing_key(path)


def test_the_published_checkpoint_is_read() -> None:
    """The example of the checkpoint format, cosigned, is read and written as it is."""
    found = read_checkpoint(EXAMPLE)
    assert (EXAMPLE, 20852163, 2) == (found.text, found.size, len(found.signatures))
    assert "jWbPPw" == b64encode(found.signatures[1][1][:4]).decode().rstrip("=")


@pytest.mark.parametrize(("pattern", "other"), [
    (r"20852163", "020852163"), (r"20852163", "-1"), (r"20852163", "٣"), (r"I=\n\n", "J=\n\n"),
    (r"\n\n", "\n"), (r"\n\n", "\nextension\n\n"), (r"— e", "- e"), (r"\n\Z", ""), (r"\Z", "\n"),
    (r"\A", "\n"), (r"\Aexample", "exam ple"), (r"==\n", "=\n"), (r"\n", "\r\n"),
])  # fmt: skip
def test_another_way_to_write_a_checkpoint_is_refused(pattern: str, other: str) -> None:
    """There is one text of a checkpoint; what is nearly one is none."""
    changed = re.sub(pattern, lambda _: other, EXAMPLE, count=1)
    assert changed != EXAMPLE
    with pytest.raises(Unreadable):
        read_checkpoint(changed)


def test_signatures_of_strangers_count_for_nothing(log: SmallLog) -> None:
    """Beside a good one they are passed over, as the format wants; a false one of ours is not."""
    stranger, mine = new_key("else", SIGNS), log.key.public
    signed = stranger.signed(log.checkpoint(3))
    hold_signed(signed, [mine])
    with pytest.raises(Refused, match="of no key that is named"):
        hold_signed(signed, [mine], [mine])
    name, blob = signed.signatures[0]
    false = ((name, blob[:-1] + bytes([blob[-1] ^ 1])), *signed.signatures)
    with pytest.raises(Refused, match="does not hold"):
        hold_signed(Checkpoint(signed.origin, signed.size, signed.root, false), [mine])


def test_a_fork_is_shown_to_anybody(tmp_path: Path, log: SmallLog, key: str) -> None:
    """Two roots of one size under one key are evidence; anything else called a fork is refused."""
    other = SmallLog(tmp_path, EVENTS, "other history")
    theirs = other.checkpoint(5, log.key).text
    document = {"format": log_verifier.FORK_FORMAT, "keys": [key],
                "seen": log.checkpoint(5).text, "offered": theirs}  # fmt: skip
    assert "fork" == verify(written(document), [key])["proves"]
    for offered in (log.checkpoint(5), log.checkpoint(6), other.checkpoint(5)):
        assert refusal(written(document | {"offered": offered.text}), key)
    slander = {"offered": other.checkpoint(5).text, "keys": sorted([key, other.key.public.text])}
    assert "no key that you trust" in refusal(written(document | slander), key)
