"""A partner's own lines of a plan with their proof, as far as who asks may have them."""

from collections.abc import Mapping, Sequence
from typing import Any

from graph.plan_nodes import LINE_CLASSES
from graph.transparency.partner_lines import NAMED_BY
from service.access import Sight, denied
from service.doors.concerns import Partner
from service.house import House
from service.permits.views import View
from service.transparency import event_of_plan, signed_bundle

PROVE, PLANS = "log.prove", "plans.own"
DOOR = "/plans"


def bundle_of(house: House, sight: Sight, digest: str, partner: Partner) -> bytes:
    """The file that `signed_bundle` makes, under a checkpoint that is signed; it signs nothing.

    It holds all lines of a plan that name the partner. So it is given to whoever sees the whole
    plan, and to whoever has a grant that is limited to suppliers, this among them, and by nothing
    else, and sees each of those lines. Anybody else is told AccessError `ACCESS_DENIED`, whether
    or not there is such a plan; raises InputError `PLAN_UNKNOWN`, `PARTNER_UNKNOWN`, StateError
    `NOT_YET_SIGNED`, `PARTNERS_NOT_COMMITTED`.
    """
    sight.permit(PROVE)
    if not sight.caller.is_owner:
        _permit(house, sight, digest, partner)
    made = signed_bundle(
        house, event_of_plan(house, digest), f"{partner.class_name}/{partner.name}"
    )
    if not sight.caller.is_owner:
        sight.hold()
        sight.log_exposures(DOOR)
    return made


def _permit(house: House, sight: Sight, digest: str, partner: Partner) -> None:
    """Raises AccessError `ACCESS_DENIED`; notes what takes a clearance."""
    entry = house.catalog.plans_by_digest([digest]).get(digest)
    if entry is None:
        raise denied()
    view = sight.view(entry.plan.chain, PLANS)
    is_own = partner.class_name == "Supplier" and sight.is_of_supplier(
        entry.plan.chain, partner.name, PROVE, PLANS
    )
    if not (view.is_whole or is_own):
        raise denied()
    lines = house.store.get_document(entry.artifact)["decision"]["lines"]
    of_partner = [one for one in lines if one.get(NAMED_BY[partner.class_name]) == partner.name]
    _note(sight, view, digest, of_partner)


def _note(sight: Sight, view: View, digest: str, lines: Sequence[Mapping[str, Any]]) -> None:
    judge = view.judge()
    for line in lines:
        name = LINE_CLASSES[line["kind"]]
        if not judge.shows(name, line):  # INVARIANT: a bundle shows no line that is hidden
            raise denied()
        if judge.bears_label(name, line):
            sight.note_fact(view.chain, name, f"{digest}/{line['number']}")
