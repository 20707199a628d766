"""SCMS shipments out of the regional centres: the same ones by other modes, at observed rates."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from ontology.columns import Snapshot
from service.whatif_modes import (
    ModePlan,
    ModeWish,
    Shipments,
    freight_at,
    rates_of,
    replanned,
    shipments_of,
)

REGIONAL = "regional distribution centre"
WISHES = {
    "as few late as done": ModeWish(),
    "no limit on late": ModeWish(late_per_thousand=None),
    "a tenth fewer late": ModeWish(late_per_thousand=900),
    "a fifth fewer late": ModeWish(late_per_thousand=800),
    "three tenths fewer late": ModeWish(late_per_thousand=700),
    "no air charter where there is a choice": ModeWish(frozenset({"air charter"})),
    "no truck where there is a choice, no limit": ModeWish(frozenset({"truck"}), None),
    "no air where there is a choice, no limit": ModeWish(frozenset({"air"}), None),
}
SHOWN_CELLS = 8
SEEN = (5, 20, 50)


@dataclass(frozen=True)
class LaterTest:
    """Modes chosen by the rates of earlier shipments, for later ones, at the later ones' rates.

    Only the `judged` of the `planned` shipments that later rates exist for count: what was paid,
    what the same modes and the choice would have cost by earlier rates, and the choice by later
    ones; and how many late.
    """

    split_on: str
    fitted: int
    planned: int
    judged: int
    changed: int
    recorded_cents: int
    done_earlier_cents: int
    promised_cents: int
    later_cents: int
    late_as_done_thousandths: int
    late_later_thousandths: int


def later_test(shipments: Shipments, wish: ModeWish) -> LaterTest:
    """Split at the median day of delivery: the earlier half is learnt from, the later planned."""
    days = np.sort(shipments.delivered_on)
    split = days[len(days) // 2]
    earlier = shipments.take(np.flatnonzero(shipments.delivered_on < split))
    later = shipments.take(np.flatnonzero(shipments.delivered_on >= split))
    learnt, lived = rates_of(earlier), rates_of(later)
    known = learnt.count[later.country, later.band, later.mode] > 0
    planned = later.take(np.flatnonzero(known))
    plan = replanned(planned, learnt, wish)
    seen = lived.count[planned.country, planned.band, plan.mode] > 0
    rows = np.flatnonzero(seen)
    judged, chosen = planned.take(rows), plan.mode[rows]
    _, later_cents, later_late = freight_at(judged, lived, chosen)
    _, promised, _ = freight_at(judged, learnt, chosen)
    _, done_earlier, _ = freight_at(judged, learnt, judged.mode)
    _, _, done_late = freight_at(judged, lived, judged.mode)
    return LaterTest(
        str(split), len(earlier), len(planned), len(judged), int((chosen != judged.mode).sum()),
        int(judged.freight_cents.sum()), done_earlier, promised, later_cents, done_late, later_late,
    )  # fmt: skip


def moves_of(shipments: Shipments, plan: ModePlan) -> list[str]:
    """Which shipments change, by country and modes: the most frequent changes first."""
    rows = np.flatnonzero(plan.mode != shipments.mode)
    found = Counter(
        f"{shipments.countries[shipments.country[row]]}: {shipments.modes[shipments.mode[row]]} -> "
        f"{shipments.modes[plan.mode[row]]}" for row in rows
    )  # fmt: skip
    return [f"{name} {count}" for name, count in
            sorted(found.items(), key=lambda each: (-each[1], each[0]))[:SHOWN_CELLS]]  # fmt: skip


def told(snapshot: Snapshot) -> list[str]:
    """The study, line by line."""
    shipments = shipments_of(snapshot, REGIONAL)
    rates = rates_of(shipments)
    modes = np.bincount(shipments.mode, minlength=len(shipments.modes)).tolist()
    left_out = ", ".join(f"{why} {count}" for why, count in shipments.left_out.items())
    done = ", ".join(f"{mode} {n:,}" for mode, n in zip(shipments.modes, modes, strict=True))
    lines = [
        (
            f"{len(shipments):,} shipments to {len(shipments.countries)} countries, "
            f"{int(shipments.freight_cents.sum()) / 100:,.2f} of freight, "
            f"{int(shipments.micrograms.sum()) // 10**9:,} kg, "
            f"{int(shipments.is_late.sum())} late; left out: {left_out}"
        ),
        f"as done: {done}",
    ]
    lines += [f"  {name}: {_planned(replanned(shipments, rates, w))}" for name, w in WISHES.items()]
    plan = replanned(shipments, rates, ModeWish())
    lines.append(
        "most frequent changes, as few late as done: " + "; ".join(moves_of(shipments, plan))
    )
    return lines + [_later(later_test(shipments, ModeWish(least_seen=n)), n) for n in SEEN]


def _planned(plan: ModePlan) -> str:
    percent = 100 * (plan.freight_cents / plan.freight_as_done_cents - 1)
    modes = ", ".join(f"{mode} {count:,}" for mode, count in plan.by_mode.items())
    return (
        f"{plan.freight_cents / 100:,.0f} ({percent:+.1f} %), late "
        f"{plan.late_thousandths / 1000:.1f} (as done {plan.late_as_done_thousandths / 1000:.1f}), "
        f"{plan.changed:,} by another mode, {plan.without_choice:,} without a choice; {modes}; one "
        f"late less costs {plan.price_cents / 100:,.0f}; gap {plan.claims.gap / 100:,.0f}, "
        f"{plan.claims.label}"
    )


def _later(found: LaterTest, seen: int) -> str:
    promised = 100 * (found.promised_cents / found.done_earlier_cents - 1)
    kept = 100 * (found.later_cents / found.recorded_cents - 1)
    return (
        f"learnt before {found.split_on} ({found.fitted:,} shipments, a mode offered where {seen} "
        f"were seen), planned from then on ({found.planned:,}, {found.judged:,} of them to be "
        f"judged, {found.changed} by another mode): at the earlier rates "
        f"{found.done_earlier_cents / 100:,.0f} as done, {found.promised_cents / 100:,.0f} as "
        f"planned ({promised:+.1f} %); at the later ones {found.recorded_cents / 100:,.0f} and "
        f"{found.later_cents / 100:,.0f} ({kept:+.1f} %); late "
        f"{found.late_as_done_thousandths / 1000:.1f} and "
        f"{found.late_later_thousandths / 1000:.1f}"
    )
