"""What a certificate states, and what a check of it answers."""

from dataclasses import dataclass

from solver.network.columns import IntArray


@dataclass(frozen=True)
class Whole:
    """What comes only whole: loads of shared resources, and lots on arcs. All int64.

    `capacity[r]` of resource r is what one step gives: a flow that takes u of it pays
    `step_cost[r]` >= 0 for each of max(`least_steps[r]`, ceil(u / capacity[r])) steps, and at most
    `most_steps[r]` there are. A capacity that is simply there is one step, at least and at most.
    Arc `lot_arc[i]` carries nothing, or a multiple of `lot_multiple[i]` >= 1 that is at least
    `lot_least[i]` >= 0; arcs ascend.
    """

    step_cost: IntArray
    least_steps: IntArray
    most_steps: IntArray
    lot_arc: IntArray
    lot_least: IntArray
    lot_multiple: IntArray


@dataclass(frozen=True)
class SharedResources:
    """Capacities that many arcs draw on, as sparse rows, all int64.

    Row i says that a unit on arc `arc[i]` takes `use[i]` >= 0 of resource `resource[i]`; an arc
    may stand in several rows. All arcs together may take `capacity[r]` of resource r, where
    `whole` does not say that this much comes in steps.
    """

    arc: IntArray
    resource: IntArray
    use: IntArray
    capacity: IntArray
    whole: Whole | None = None


@dataclass(frozen=True)
class Claims:
    """What a certificate states, in cost units; None where it states nothing.

    gap = cost - bound; gap_percent = 100 gap / max(1, |cost|); gap_of_gain =
    gap / (do_nothing - bound) where that is positive; `network` is the network's digest.
    Cost is that of the flow, of what was fixed before it (`given_cost`, in the bound and in doing
    nothing, too) and of its lines whatever they carry (`line_cost`, which the bound leaves out).
    """

    cost: int
    bound: int
    gap: int
    gap_percent: float
    label: str
    do_nothing: int | None = None
    gap_of_gain: float | None = None
    network: str | None = None
    given_cost: int = 0
    line_cost: int = 0


@dataclass(frozen=True)
class CertificateCheck:
    """The verdict: `refusals` say what is wrong and where, `notes` what else a reader should know.

    `proved` is what the flow and the potentials prove by themselves. `canonical` is whether the
    potentials are the published form (None where that was not asked, or a gap is open and there is
    no such form).
    """

    refusals: tuple[str, ...]
    notes: tuple[str, ...]
    proved: Claims | None
    canonical: bool | None

    @property
    def accepted(self) -> bool:
        """Whether everything that was stated holds."""
        return not self.refusals


def claims_of(
    cost: int, bound: int, idle: int | None, digest: str | None, given: int = 0, lines: int = 0
) -> Claims:
    """The derived numbers of a certificate; `idle` is the cost of doing nothing, all in all."""
    gap, scale = cost - bound, max(1, abs(cost))
    gain = None if idle is None or idle <= bound else gap / (idle - bound)
    hundredths = -(-10_000 * gap // scale)  # of a per cent, rounded up: never better than proved
    label = "optimal" if gap == 0 else f"within {hundredths // 100}.{hundredths % 100:02} %"
    return Claims(cost, bound, gap, 100 * gap / scale, label, idle, gain, digest, given, lines)
