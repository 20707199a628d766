"""A section of the demo: the plan's place in the log, proved as a stranger would check it."""

from typing import TYPE_CHECKING, Any

from rich.console import Console

from api.demo.sections import head
from api.output import plain

if TYPE_CHECKING:
    from service.house import House

Row = dict[str, Any]


def live(house: "House", plan: str, agent: str) -> Row:
    """Prove that a plan was logged; check the file, and the same with one digit changed."""
    from graph.transparency import log_verifier
    from service.transparency import event_of_plan, prove, signer_of

    event = event_of_plan(house, plan)
    key = signer_of(house).public_key(agent).text
    proof = prove(house, event, agent, only=["payload.plan"])
    found = log_verifier.verify(proof, [key])
    changed = proof.replace(plan.encode(), (plan[:-1] + ("0" if plan[-1] != "0" else "1")).encode())
    try:
        log_verifier.verify(changed, [key])
        refusal = ""
    except log_verifier.Refused as error:
        refusal = str(error)
    return {"event": event.sequence, "key": key, "bytes": len(proof), "verified": found,
            "changed": refusal}  # fmt: skip


def tell(screen: Console, found: Row) -> None:
    """What the file proves, to whom, and what one changed digit does to it."""
    head(screen, "Its place in the log", "A plan that was never logged, or a log that was "
         "rewritten, must not pass for what was decided.")  # fmt: skip
    screen.print(f"A file of {found['bytes']:,} bytes proves that the plan is event "
                 f"{found['event']} of the signed log, and shows nothing else of it. It is checked "
                 "without this service, by whoever has the public key:")  # fmt: skip
    screen.print(plain(found["key"]), overflow="fold")
    screen.print(f"With one digit of the plan changed: {plain(found['changed'])}.")
