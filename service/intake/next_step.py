"""What a chain can be asked for next: a plan, a forecast, or what has to be loaded first."""

from collections.abc import Mapping

import numpy as np

from forecast.history import SHORTEST_DAYS
from ontology.columns import Snapshot, Table

_KINDS = ("DemandOutcome", "DemandQuantile", "SalesOrder")


def next_step(chain: str, before: Snapshot, fed: Mapping[str, Table]) -> str:
    """One sentence for a person after a feed: the command that works now, or what is missing.

    `fed` are the feed's tables, `before` the chain without them. What `window_of`, the forecast
    and the formulations refuse for want of a whole class of facts is named here beforehand.
    """
    there = {*before.tables, *(name for name, table in fed.items() if len(table))}
    kinds = [name for name in _KINDS if name in there]
    if len(kinds) > 1:
        return f"no plan yet: a chain has either {' or '.join(kinds)} rows, and this one has both"
    if kinds == ["SalesOrder"]:
        return _plan(chain, [name for name in ("SharedResource", "FreightRate", "PortAccess")
                             if name not in there])  # fmt: skip
    lacking = [] if "StockingPolicy" in there else ["StockingPolicy"]
    is_observed = "DemandObservation" in there
    if kinds and not (is_observed and "DemandObservation" in fed and kinds == ["DemandQuantile"]):
        return _plan(chain, lacking)
    if is_observed:
        return _forecast(chain, _days(before, fed), lacking)
    return (f"nothing to plan yet: chain `{chain}` has neither demand nor orders "
            "(docs/integrating.md, `What a plan needs`)")  # fmt: skip


def _days(before: Snapshot, fed: Mapping[str, Table]) -> int:
    """From the first day of observed demand to the last one, both counted."""
    tables = [before.table("DemandObservation"), *(fed[n] for n in fed if n == "DemandObservation")]
    days = np.concatenate([table["on"] for table in tables])
    return int((days.max() - days.min()).astype(np.int64)) + 1


def _plan(chain: str, lacking: list[str]) -> str:
    if lacking:
        return f"no plan yet: load {' and '.join(lacking)} rows first"
    return f"plan with `evenkeel plan --chain {chain}`"


def _forecast(chain: str, days: int, lacking: list[str]) -> str:
    if days < SHORTEST_DAYS:
        return (f"no forecast yet: the demand history spans {days} of the {SHORTEST_DAYS} days "
                "that it needs")  # fmt: skip
    then = f"load {' and '.join(lacking)} rows" if lacking else "plan"
    return f"forecast demand with `evenkeel forecast --chain {chain}`, then {then}"
