"""Drift over GraphQL and on the command line: does the plan still hold, in one form."""

from dataclasses import replace

from api.commands.drift import show_drift
from service.drift import ItemDrift, drift
from service.house import House
from tests.api.conftest import CHAIN, Ask
from tests.api.test_explanations import plan_document, printed


def test_a_plan_holds_on_its_facts(ask: Ask, house: House, digest: str) -> None:
    """GraphQL gives what the service says: nothing has changed, and no item is affected."""
    got = ask("""query($plan: String!) { planDrift(plan: $plan) { plan holds sameFacts costScaled
        costScaledThen boundScaled gapScaled gapScaledThen allowedScaled groupCount penaltiesHeld
        crowded affected { items gapScaled gapScaledThen why } } }""",
        plan=digest)["planDrift"]  # fmt: skip
    found = drift(
        house.store, plan_document(house, digest), house.reader.read(CHAIN), house.shipped
    )
    assert got["holds"]
    assert got["sameFacts"]
    assert [] == got["affected"]
    assert (found.cost_scaled, found.bound_scaled) == (got["costScaled"], got["boundScaled"])
    assert found.cost_scaled == found.cost_scaled_then


def test_the_verdict_is_printed(house: House, digest: str) -> None:
    """What holds says so with amounts; what does not names the items, why, and what to do."""
    document = plan_document(house, digest)
    found = drift(house.store, document, house.reader.read(CHAIN), house.shipped)
    held = printed(show_drift, found, document, 20)
    assert f"plan {digest[:12]} of {CHAIN}" in held
    assert "holds: the facts are the same" in held
    affected = (ItemDrift(("widget",), None, 0, "lines"), ItemDrift(("bolt",), 20_000, 0, "gap"))
    crowd = {"kind": "lane", "subject": "truck", "day": "2026-01-05"}
    broken = replace(found, holds=False, same_facts=False, cost_scaled=None, gap_scaled=None,
                     affected=affected, crowded=(crowd,))  # fmt: skip
    told = printed(show_drift, broken, document, 1)
    assert "does not hold any more on the present facts" in told
    assert "its lines cannot be made any more" in told
    assert "overdrawn: the lane capacity of truck on 2026-01-05" in told
    assert f"2 of {found.group_count} groups" in told
    assert "bolt" not in told


def test_the_bound_of_the_root_is_said(house: House, digest: str) -> None:
    """Where branches proved a plan, its gaps here are told to be those of the root."""
    document = plan_document(house, digest)
    found = drift(house.store, document, house.reader.read(CHAIN), house.shipped)
    assert "root" not in printed(show_drift, found, document, 20)
    branched = replace(found, branches=7, gap_by_branches_then=0, gap_scaled_then=1_230_000)
    told = " ".join(printed(show_drift, branched, document, 20).split())
    assert "before the 7 branches of its certificate, which proved 0.00 EUR" in told
    assert "that was 1.23 EUR" in told
