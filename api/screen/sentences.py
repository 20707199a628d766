"""What a plan says, as sentences."""

from typing import Any

from api.output import plain
from api.screen.amounts import count, total
from api.screen.drawing import cost_of, way_of

Row = dict[str, Any]


def sentence_of(line: Row, scale: int, currency: str) -> str:
    """A line as a sentence, its amounts in a currency; `scale` cost units are a cent."""
    units, cost = f"{line['quantity_units']:,}", total(cost_of(line), scale, currency)
    item = plain(line["item"]) + (f" of lot {plain(line['lot'])}" if line.get("lot") else "")
    if line["kind"] == "assignment":
        return (f"Order {plain(line['order'])} ({count(line['quantity_units'], 'unit')} of {item}) "
                f"is served from {plain(line['origin'])} by {plain(way_of(line))}: "
                f"{total(line['handling_cost_scaled'], scale, currency)} of warehouse and "
                f"{total(line['freight_cost_scaled'], scale, currency)} of freight.")  # fmt: skip
    if line["kind"] == "substitution":
        return (f"Set {units} {item} aside at {plain(line['origin'])} to stand in for "
                f"{plain(line['replaces'])}, for {cost}.")  # fmt: skip
    when = f"there on {line['arrives_on']}, for {cost}"
    if line["kind"] == "purchase":
        paid = line.get("paid_scaled")
        price = "" if paid is None else f"; {total(paid, scale, currency)} is paid"
        return (f"Buy {units} {item} from {plain(line['supplier'])} for "
                f"{plain(line['destination'])}, {when} net of what stays in stock"
                f"{price}.")  # fmt: skip
    return (f"Send {units} {item} from {plain(line['origin'])} to {plain(line['destination'])} "
            f"by {plain(line['lane'])}, {when} with holding on the way.")  # fmt: skip
