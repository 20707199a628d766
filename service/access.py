"""Who asks, and what they may do and see: the one place where that is decided, fail closed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

from graph.grant_nodes import grants
from ontology.access import ANY, Grant
from ontology.errors import AccessError
from service.house import House
from service.kept import Kept
from service.permits.exposures import WHOLE, Exposures
from service.permits.labels import StatedLabels
from service.permits.verbs import VERBS, may
from service.permits.views import UNLABELLED, View, is_whole

DENIED = "ACCESS_DENIED"
T = TypeVar("T")


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a person by pseudonym, by which login, for which scopes (None: for all).

    The `is_owner` of the machine may do everything. What a caller may do ends when it `expires`.
    """

    person: str
    login: str = ""
    scopes: frozenset[str] | None = None
    is_owner: bool = False
    expires: datetime | None = None
    still: Callable[[], bool] = field(default=_always, compare=False, repr=False)
    """Whether what it showed lets it in now; asked again while a stream goes on."""


OWNER = Caller("local", "local token", is_owner=True)


def denied() -> AccessError:
    """The one refusal: it reads the same whether or not there is what was asked for."""
    return AccessError("nothing here may be done or seen by you, or there is no such thing",
                       code=DENIED, hint="check the name, a plan's being its whole digest; who "
                       "governs access grants what lacks: `evenkeel access grant`")  # fmt: skip


class Access:
    """Decides for all callers of one service; keeps what it worked out of the last snapshots."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.stated = StatedLabels(house.reader)
        self.kept = Kept()

    def sight(self, caller: Caller) -> "Sight":
        """What a caller may do and see from now on, for the length of one answer. Reads grants."""
        return Sight(self, caller, self._grants(caller))

    def _grants(self, caller: Caller) -> tuple[Grant, ...]:
        now = datetime.now(UTC)
        has_expired = caller.expires is not None and caller.expires <= now
        if caller.is_owner or has_expired or not caller.still():
            return ()
        found = grants(self.house.driver, caller.person)
        return tuple(grant for grant in found if grant.holds(now, now))


@dataclass
class Sight:
    """One caller at one time: every verb and every view of it, and a note of what it was shown."""

    access: Access
    caller: Caller
    grants: tuple[Grant, ...]
    exposures: Exposures = field(default_factory=Exposures)
    _views: dict[tuple[str, str], View] = field(default_factory=dict)

    def permit(self, verb: str) -> None:
        """Raises AccessError `ACCESS_DENIED` unless some grant lets the caller do it."""
        if not self._may(verb):
            raise denied()

    def view(self, chain: str, verb: str) -> View:
        """What is seen of a chain by who does something; only if nothing is, it is refused.

        Raises AccessError `ACCESS_DENIED`, also for a verb that needs the whole and has not got it,
        and whether or not there is such a chain.
        """
        if (chain, verb) not in self._views:
            self._views[chain, verb] = self._view(chain, verb)
        found = self._views[chain, verb]
        if verb in VERBS and VERBS[verb].needs_whole and not found.is_whole:
            raise denied()
        return found

    def sees(self, chain: str, verb: str) -> bool:
        """Whether anything of a chain may be seen by who does something."""
        try:
            self.view(chain, verb)
        except AccessError:
            return False
        return True

    def whole(self, chain: str, verb: str) -> View:
        """A view that hides nothing, and a note that all of it is shown.

        Raises AccessError `ACCESS_DENIED` for any other.
        """
        found = self.view(chain, verb)
        if not found.is_whole:
            raise denied()
        if not found.is_plain:
            self.exposures.note(chain, WHOLE, [WHOLE])
        return found

    def sees_whole(self, chain: str, *verbs: str) -> bool:
        """Whether nothing of a chain is hidden from who does these things; noted as by `whole`."""
        try:
            for verb in verbs:
                self.whole(chain, verb)
        except AccessError:
            return False
        return True

    def note_fact(self, chain: str, class_name: str, key: str) -> None:
        """Note that a fact is shown that it took a clearance to see."""
        self.exposures.note(chain, class_name, [key])

    def is_of_supplier(self, chain: str, supplier: str, *verbs: str) -> bool:
        """Whether a grant for all of these verbs is limited to suppliers, this among them.

        And by nothing else: who sees a part of what is a supplier's does not speak for it.
        """
        found = set(self.grants).intersection(*(self._for(verb, chain) for verb in verbs))
        return any(supplier in one.suppliers and not (one.regions or one.families)
                   for one in found)  # fmt: skip

    def known_whole(self, chain: str, verb: str = "") -> bool:
        """Whether a view that was asked for before (by a verb, or any) is whole; reads nothing."""
        if self.caller.is_owner:
            return True
        return any(name == chain and verb in ("", known) and view.is_whole
                   for (name, known), view in list(self._views.items()))  # fmt: skip

    def everything(self, verb: str) -> None:
        """Raises AccessError `ACCESS_DENIED` unless nothing of any chain, now or later, is hidden.

        That takes a grant on all chains.
        """
        if self.caller.is_owner:
            return
        self.permit(verb)
        every = self._for(verb, ANY)
        labels = {chain: self.access.stated.every(chain)
                  for chain in self.access.house.projection.log.chains()}  # fmt: skip
        if not any(is_whole(grant, frozenset().union(*labels.values())) for grant in every):
            raise denied()
        for chain, stated in labels.items():
            if stated:
                self.exposures.note(chain, WHOLE, [WHOLE])

    def hold(self) -> None:
        """Raises AccessError `ACCESS_DENIED` where what was whole when it was looked at is not now.

        So an answer whose facts were read after they were labelled is not given. And where a grant
        that an answer rests on has ended meanwhile. Who is cleared for the first label of a chain
        is told on: that all was shown so far is noted, and from now on each fact is.
        """
        if self.caller.is_owner:
            return
        again = self.access.sight(self.caller)
        for (chain, verb), view in list(self._views.items()):
            now = again._view(chain, verb)  # noqa: SLF001 - of the same class
            if view.is_whole and not now.is_whole:
                raise denied()
            if view.is_plain and not now.is_plain:
                self.exposures.note(chain, WHOLE, [WHOLE])
                self._views[chain, verb] = now
        if set(map(_known_by, self.grants)) - set(map(_known_by, again.grants)):
            raise denied()

    def held(self, work: Callable[[], T]) -> Callable[[], T]:
        """The same work, for which `hold` is asked when its turn comes: it may have waited long."""

        def in_its_turn() -> T:
            self.hold()
            return work()

        return in_its_turn

    def log_exposures(self, door: str, named: frozenset[str] = frozenset()) -> None:
        """Log what was noted, before it is sent. Raises OutsideError `EXPOSURE_NOT_LOGGED`."""
        self.exposures.log(self.access.house, self.caller.person, door, named)

    def agent(self, machine: str) -> str:
        """Who is logged for what the caller does: its pseudonym; the machine's word for an owner.

        Of an owner who is named by EVENKEEL_PERSON, that person.
        """
        if not self.caller.is_owner:
            return self.caller.person
        return machine if self.caller.person == OWNER.person else self.caller.person

    def _may(self, verb: str) -> bool:
        return self.caller.is_owner or bool(self._for(verb))

    def _for(self, verb: str, chain: str = "") -> tuple[Grant, ...]:
        """The grants by which a verb may be done: on a chain, on all (ANY), or anywhere."""
        scopes = self.caller.scopes
        if verb not in VERBS or (scopes is not None and VERBS[verb].scope not in scopes):
            return ()
        found = (grant for grant in self.grants if may(grant.role, verb))
        return tuple(grant for grant in found if not chain or grant.covers(chain))

    def _view(self, chain: str, verb: str) -> View:
        access = self.access
        view = View(access.house, access.stated, access.kept, chain, (), is_owner=True)
        if self.caller.is_owner:
            return view
        found = self._for(verb, chain)
        if not found or chain == ANY:
            raise denied()
        labels = access.stated.every(chain) if chain else UNLABELLED
        return replace(view, grants=found, is_owner=False, labels=labels)


def _known_by(grant: Grant) -> str:
    return grant.id


def chains_seen(sight: Sight, chains: Sequence[str]) -> list[str]:
    """Of some chains those of which a caller sees anything."""
    return [chain for chain in chains if sight.sees(chain, "chains.list")]
