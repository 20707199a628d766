"""Planning: the same facts give the same bytes, and only a rule's text decides what it closes."""

import csv
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from ontology.canonical import canonical
from rules.release import Release
from service.price import price_of_rule
from tests.service.planned import TWO_HUBS, Planned, planned


def shuffled(folder: Path, target: Path, seed: int) -> Path:
    """A copy of a folder of CSV files with the rows of each in another order."""
    target.mkdir()
    for path in sorted(folder.glob("*.csv")):
        with path.open(newline="") as file:
            head, *rows = csv.reader(file)
        random.Random(seed).shuffle(rows)
        with (target / path.name).open("w", newline="") as file:
            csv.writer(file).writerows([head, *rows])
    return target


@pytest.mark.parametrize("seed", range(5))
def test_row_order_is_no_input(plan: Planned, tmp_path: Path, seed: int) -> None:
    """Law 8: shuffled rows give the same decision, byte for byte."""
    other = planned(shuffled(TWO_HUBS, tmp_path / "rows", seed), tmp_path / "artifacts")
    assert canonical(plan.document["decision"]) == canonical(other.document["decision"])


def test_hash_seed_is_no_input(plan: Planned, tmp_path: Path) -> None:
    """Law 8: another PYTHONHASHSEED gives the same plan digest."""
    code = (
        "import sys\nfrom pathlib import Path\nfrom tests.service.planned import *\n"
        "print(planned(TWO_HUBS, Path(sys.argv[1])).document['plan_digest'])"
    )
    for seed in ("1", "77"):
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / seed)], text=True, check=True,
            capture_output=True, env=os.environ | {"PYTHONHASHSEED": seed},
        )  # fmt: skip
        assert plan.document["plan_digest"] == done.stdout.strip()


def test_never_worse_than_doing_nothing(plan: Planned) -> None:
    """The certificate's cost is at most that of leaving everything where it is."""
    proof = plan.document["decision"]["certificate"]
    assert proof["bound"] <= proof["cost"] <= proof["do_nothing"]
    assert "optimal" == proof["label"]


def test_editing_only_a_shape_changes_the_plan(plan: Planned, tmp_path: Path) -> None:
    """A rule exists once, as a shape: switching one off in its Turtle text moves other stock."""
    decided = plan.document["decision"]["suppressed"]["by_rule"]
    assert decided
    differ = []
    for rule in decided:
        file = plan.release.rule(rule).file
        text = plan.release.shapes[file]
        off = text + f"\n<{rule}> <http://www.w3.org/ns/shacl#deactivated> true .\n"
        shapes = {**plan.release.shapes, file: off}
        release = Release(plan.release.name, "edited", shapes, plan.release.knobs)
        other = planned(TWO_HUBS, tmp_path / str(len(differ)), release)
        assert rule not in other.document["decision"]["suppressed"]["by_rule"]
        same = plan.document["decision"]["lines"] == other.document["decision"]["lines"]
        differ.append(not same)
    assert any(differ)


def test_the_price_of_a_rule_is_never_negative(plan: Planned) -> None:
    """A rule only closes, so the plan without it costs at most as much; one here has a price."""
    prices = [
        price_of_rule(plan.draft, plan.snapshot, plan.release, rule, plan.request)
        for rule in plan.document["decision"]["suppressed"]["by_rule"]
    ]
    assert all(price.difference_scaled >= 0 for price in prices)
    assert any(price.difference_scaled > 0 and price.opened for price in prices)


def test_every_reason_is_a_fact_of_the_snapshot(plan: Planned) -> None:
    """Law 3: what a line names as its reason is a fact that the plan was made from."""
    facts = {f"{name}/{key}" for name, t in plan.snapshot.tables.items() for key in t.keys}
    lines = plan.document["decision"]["lines"]
    assert lines
    for line in lines:
        assert line["because"]
        assert set(line["because"]) <= facts


def test_the_document_is_plain_json(plan: Planned) -> None:
    """What is sealed survives any reader of JSON."""
    assert plan.document == json.loads(json.dumps(plan.document))
