"""Whoever wrote the document: reading and checking it takes no more than its stated limits."""

import copy
import json
import resource
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.artifacts import ArtifactStore
from ontology.canonical_columns import canonical_columns
from ontology.errors import InputError
from service.stated_plan import (
    MOST_ARTIFACT_BYTES,
    MOST_BYTES,
    MOST_LETTERS,
    MOST_PARTS,
    MOST_REFUSALS,
)
from service.verify import REFUSED, Verdict, read_plan, verify
from tests.service.planned import Planned
from tests.service.regimes import REGIMES, sealed
from tests.service.test_verify import resealed

HUNDRED_MEGABYTES = 10**8


@pytest.mark.parametrize("part", [b"[],", b'{"a":0},', b"0,", b"[[[[[[0]]]]]],", b'"",'])
def test_dense_documents_are_refused_before_they_are_read(part: bytes, tmp_path: Path) -> None:
    """100 MB of brackets or commas would be gigabytes of objects: one line instead."""
    path = tmp_path / "plan.json"
    path.write_bytes(b"[" + part * (HUNDRED_MEGABYTES // len(part)) + b"0]")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError) as caught:
        read_plan(path)
    assert "PLAN_TOO_LARGE" == caught.value.code
    assert f"{MOST_PARTS:,}" in str(caught.value)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000


def test_documents_beyond_the_limit_are_refused(tmp_path: Path) -> None:
    """A file of more bytes than any plan has, and one that never ends."""
    path = tmp_path / "plan.json"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    for endless in (path, Path("/dev/zero")):
        with pytest.raises(InputError) as caught:
            read_plan(endless)
        assert "PLAN_TOO_LARGE" == caught.value.code


STATED_TWICE = ('{"a":1,"a":1}', '{"b":{"a":1,"\\u0061":2}}', '[{"x":"\\\\"},{"a:":1,"a:":"\\":"}]')


@pytest.mark.parametrize("text", STATED_TWICE)
def test_a_name_that_is_stated_twice_is_refused(text: str, tmp_path: Path) -> None:
    """Readers differ on which one counts: what was checked would not be what is read elsewhere."""
    path = tmp_path / "plan.json"
    path.write_text(text)
    with pytest.raises(InputError, match="a name twice") as caught:
        read_plan(path)
    assert "PLAN_UNREADABLE" == caught.value.code


MARKS = st.sampled_from('":\\,{a€\n')
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(MARKS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(MARKS), inner, max_size=4),
    max_leaves=20,
)


@given(value=JSON, indent=st.sampled_from([None, 1]), ascii_=st.booleans())
def test_any_document_without_that_is_read(value: Any, indent: int | None, *, ascii_: bool) -> None:
    """However it is laid out, whatever its texts hold."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "plan.json"
        path.write_text(json.dumps(value, indent=indent, ensure_ascii=ascii_))
        assert value == read_plan(path)


def test_a_plan_nested_without_end_is_refused(tmp_path: Path) -> None:
    """Deeper than anything that is written: one line, whichever reader gives up first."""
    path = tmp_path / "plan.json"
    for depth in (300, 1_000, 2_000):
        path.write_text('{"decision":' + "[" * depth + "]" * depth + "}")
        with pytest.raises(InputError) as caught:
            read_plan(path)
        assert "PLAN_UNREADABLE" == caught.value.code


def verdict_within_limits(document: Any, artifacts: Path) -> Verdict:
    """The verdict, told in bounded lines."""
    found = verify(document, artifacts=artifacts)
    for check in found.checks:
        assert len(check.refusals) <= MOST_REFUSALS + 1
        assert all(len(line) <= MOST_LETTERS for line in check.refusals)
    return found


def inflated(document: dict[str, Any], place: str) -> dict[str, Any]:
    """A plan with something enormous in one place."""
    forged = copy.deepcopy(document)
    decision = forged["decision"]
    if place == "strangers":
        decision |= {f"stranger {number}": number for number in range(500_000)}
    elif place == "text":
        decision["network"]["arcs"] = "x" * HUNDRED_MEGABYTES
    elif place == "key":
        decision["x" * HUNDRED_MEGABYTES] = 1
    elif place == "fractions":
        decision["lines"] = [0.5] * 1_000_000
    elif place == "lines":
        decision["lines"] = decision["lines"] * 20_000
    elif place == "edits":
        decision["edits"] = [{"item": "i", "lane": "l", "supplier": "", "destination": "",
                              "kind": "forbid", "units": 0, "reason": "r"}] * 200_000  # fmt: skip
    elif place == "stages":
        inline = decision["certificate"]["inline"]
        stage = {name: inline[name] for name in ("flow", "potentials")}
        decision["stages"] = [{"objective": "service", **stage}] * 2_000
    elif place == "columns":
        decision["network"]["inline"]["tail"] = [0] * 5_000_000
    elif place == "closed":
        decision["suppressed"]["after_flow"] = {"knob": list(range(2_000_000))}
    return forged


PLACES = ("strangers", "text", "key", "fractions", "lines", "edits", "stages", "columns", "closed")


@pytest.mark.parametrize("place", PLACES)
def test_inflated_plans_are_refused_in_few_words(plan: Planned, place: str) -> None:
    """One part of a sound plan blown up: refused, in few and short lines."""
    forged = inflated(plan.document, place)
    assert not verdict_within_limits(forged, plan.artifacts).accepted


def test_stages_are_those_that_were_asked_for(tmp_path: Path) -> None:
    """A stage more, sealed again, is refused before anything is built for it."""
    plan = sealed(REGIMES["staged"](0), tmp_path).document
    assert verify(plan, artifacts=tmp_path).accepted
    forged = copy.deepcopy(plan)
    forged["decision"]["stages"] *= 2
    derivation = verify(resealed(forged), artifacts=tmp_path).checks[2]
    assert REFUSED == derivation.status
    assert "objectives that come first" in derivation.refusals[0]


def test_a_document_names_no_file(plan: Planned, tmp_path: Path) -> None:
    """What a plan says it was made from is found by its digest alone, never by a path."""
    secret = tmp_path / "secret.json"
    secret.write_bytes(b"{}")
    for name in ("snapshot", "release"):
        forged = copy.deepcopy(plan.document)
        forged["about"]["artifacts"][name] = str(secret)
        found = verify(resealed(forged), artifacts=plan.artifacts).checks[2]
        assert REFUSED == found.status
        assert "no SHA-256" in found.refusals[0]


def named_instead(plan: Planned, folder: Path, data: bytes) -> dict[str, Any]:
    """The plan with its network in an artifact."""
    forged = copy.deepcopy(plan.document)
    network = forged["decision"]["network"]
    del network["inline"]
    network["artifact"] = ArtifactStore(folder).put(data)
    return forged


def test_columns_of_an_artifact_are_read_exactly(plan: Planned, tmp_path: Path) -> None:
    """The same columns in an artifact have the same proof; written in any other way, none."""
    columns = plan.document["decision"]["network"]["inline"]
    data = canonical_columns(columns)
    found = verify(named_instead(plan, tmp_path, data), artifacts=tmp_path)
    assert "accepted" == found.checks[0].status
    others = [
        data.replace(b"[0,", start, 1)
        for start in (b"[-0,", b"[0.0,", b"[false,", b"[99999999999999999999,", b"[,", b"[00,")
    ]
    others += [orjson.dumps(columns, option=orjson.OPT_INDENT_2), data[:-1],
               data.replace(b'"cost"', b'"cost":[],"cost"', 1)]  # fmt: skip
    for other in others:
        assert other != data
        forged = named_instead(plan, tmp_path, other)
        assert REFUSED == verify(forged, artifacts=tmp_path).checks[0].status


def test_artifacts_beyond_the_limit_are_not_read(plan: Planned, tmp_path: Path) -> None:
    """A network or certificate larger than any is refused by its size alone."""
    forged = named_instead(plan, tmp_path, b"{}")
    name = forged["decision"]["network"]["artifact"]
    with (tmp_path / name[:2] / name[2:]).open("wb") as file:
        file.truncate(MOST_ARTIFACT_BYTES + 1)
    with pytest.raises(InputError) as caught:
        verify(forged, artifacts=tmp_path)
    assert "PLAN_TOO_LARGE" == caught.value.code
