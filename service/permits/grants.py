"""What governance does about access: grants, their end, and who could see what on a day."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from secrets import token_hex

from graph.grant_nodes import grant_payload, grants
from graph.log import timestamp
from ontology.access import ANY, ROLES, Grant
from ontology.canonical import digest_of
from ontology.errors import InputError
from ontology.events import ACCESS_ENDED, ACCESS_GRANTED, NewEvent
from service.house import AsOf, House
from service.permits.labels import StatedLabels
from service.permits.masks import GrantMask
from service.permits.verbs import may
from service.permits.views import is_whole

MOST_NAMES = 200
LONGEST_NAME = 200
READ = "facts.read"


def grant_access(house: House, grant: Grant, agent: str) -> Grant:
    """Log a grant, so that it holds; gives it as it stands, with its own id.

    `grant.id` is made here where it is empty; the same id again gives the same grant. Raises
    InputError `ROLE_UNKNOWN`, `GRANT_INVALID`; StateError `IDEMPOTENCY_CONFLICT`.
    """
    checked(grant)
    named = replace(grant, id=grant.id or f"grant-{token_hex(8)}")
    payload = grant_payload(named)
    new = NewEvent(ACCESS_GRANTED, f"access/grant/{named.id}", agent, named.begins, "", payload)
    event = house.projection.append(new, body=digest_of([payload])).event
    return replace(named, recorded=event.recorded_at)


def end_grant(house: House, grant: str, reason: str, agent: str) -> Grant:
    """Log that a grant has ended, as of now; who held it may do nothing by it any more.

    Again, it gives the first end. Raises InputError `GRANT_UNKNOWN`, `REASON_MISSING`.
    """
    if not reason.strip():
        raise InputError("an end needs a reason", code="REASON_MISSING",
                         hint="give it with --reason, without a name")  # fmt: skip
    found = _found(house, grant)
    if found.ended is not None:
        return found
    now = datetime.now(UTC)
    payload = {"grant": grant, "person": found.person, "ended": timestamp(now), "reason": reason}
    new = NewEvent(ACCESS_ENDED, f"access/end/{grant}", agent, now, "", payload)
    house.projection.append(new, body=digest_of([grant]))
    return _found(house, grant)


def checked(grant: Grant) -> Grant:
    """The grant, if it can be one. Raises InputError `ROLE_UNKNOWN`, `GRANT_INVALID`."""
    if grant.role not in ROLES:
        raise InputError(f"there is no role `{grant.role[:40]}`", code="ROLE_UNKNOWN",
                         hint=f"use one of: {', '.join(ROLES)}")  # fmt: skip
    if not grant.chain:
        raise _invalid(f"it names no chain, nor `{ANY}` for all")
    if grant.until is not None and grant.until <= grant.begins:
        raise _invalid("it ends before it begins")
    for names in (grant.regions, grant.suppliers, grant.families, grant.classes, grant.zones):
        if len(names) > MOST_NAMES or not all(0 < len(one) <= LONGEST_NAME for one in names):
            raise _invalid(f"it takes at most {MOST_NAMES} names of 1 to {LONGEST_NAME} letters")
    if ANY in {*grant.regions, *grant.suppliers, *grant.families}:
        raise _invalid(f"`{ANY}` is no region, supplier or family: leave them out for any")
    return grant


@dataclass(frozen=True, slots=True)
class CouldSee:
    """Who could see a fact on a day, by which grant."""

    person: str
    grant: Grant


def who_could_see(
    house: House, uri: str, on: date, known_at: datetime | None = None
) -> list[CouldSee]:
    """Who could see a fact at some moment of a day (UTC), the facts as at its end.

    By default by what was known while it was so: whom the service let in. With `known_at` by what
    was known then to have been true on the day: a grant that was logged too late counts, one
    that was found to have ended before does not. Whoever holds the local token or the data
    folder could see all, always. Raises InputError `URI_INVALID`, `CHAIN_UNKNOWN`, `AS_OF_AHEAD`.
    """
    chain, class_name, key = (*uri.split("/", 2), "", "")[:3]
    if not key:
        raise InputError(f"`{uri[:100]}` is no fact", code="URI_INVALID",
                         hint="write CHAIN/CLASS/KEY, as facts have it")  # fmt: skip
    begin = datetime(on.year, on.month, on.day, tzinfo=UTC)
    end = begin + timedelta(days=1)
    last = end - timedelta(microseconds=1)
    snapshot = house.facts(chain, AsOf(last, known_at or min(last, datetime.now(UTC))))
    then = StatedLabels(house.reader, snapshot.sequence)  # labels as they were known
    beside, labels = then.beside(chain, snapshot), then.every(chain)
    row = snapshot.table(class_name).row_of.get(key) if class_name in snapshot.tables else None
    found = []
    for grant in grants(house.driver):
        if row is None or not grant.covers(chain) or not may(grant.role, READ):
            continue
        if not _held(grant, begin, end, known_at):
            continue
        mask = GrantMask(grant, snapshot, beside)
        if is_whole(grant, labels) or mask.rows(class_name)[row]:
            found.append(CouldSee(grant.person, grant))
    return found


def listed(house: House, person: str = "") -> Sequence[Grant]:
    """Grants in the order of the log, those of one person or of all; those that ended, too."""
    return grants(house.driver, person or None)


def _held(grant: Grant, begin: datetime, end: datetime, known_at: datetime | None) -> bool:
    if known_at is None:
        return grant.held_within(begin, end)
    if grant.recorded > known_at:
        return False
    stops = [grant.until] if grant.until is not None else []
    if grant.ended is not None and grant.ended_recorded is not None:
        stops += [grant.ended] if grant.ended_recorded <= known_at else []
    return grant.begins < end and all(stop > max(begin, grant.begins) for stop in stops)


def _found(house: House, grant: str) -> Grant:
    for one in grants(house.driver):
        if one.id == grant:
            return one
    raise InputError(f"there is no grant `{grant[:60]}`", code="GRANT_UNKNOWN",
                     hint="`evenkeel access list` shows them")  # fmt: skip


def _invalid(what: str) -> InputError:
    return InputError(f"this is no grant: {what}", code="GRANT_INVALID",
                      hint="see docs/access.md")  # fmt: skip
