"""Which releases a caller is told of: fail closed, in the same words as if there were none."""

from collections.abc import Collection
from dataclasses import dataclass

from governance.ledger import Governed
from governance.release_cases import ReleaseCase
from governance.releases import GovernedPart
from governance.scopes import EVERYWHERE, Scope
from ontology.access import ANY
from ontology.errors import AccessError, InputError
from rules.release import Release, composed
from service.access import Sight, denied
from service.governing.releasing import find_among
from service.house import House


@dataclass(frozen=True)
class ReleasesSeen:
    """What a caller sees of releases by a verb.

    One for the whole of a chain takes a view of that chain. Scopes of parts name regions and
    families, which are facts: they are told to whom nothing of the chain is hidden.
    """

    sight: Sight
    verb: str

    def shows(self, scope: Scope) -> bool:
        """Whether what is in force, or proposed, for a scope is told."""
        if self.sight.caller.is_owner:
            return True
        if scope.is_partial:
            return self.shows_parts(scope.chain)
        return scope.chain == ANY or self.sight.sees(scope.chain, self.verb)

    def shows_parts(self, chain: str) -> bool:
        """Whether the names of a chain's parts are told; of no chain, or of all: of every chain."""
        if chain not in ("", ANY):
            return self.sight.sees_whole(chain, self.verb)
        try:
            self.sight.everything(self.verb)
        except AccessError:
            return False
        return True

    def cases(self, state: Governed) -> list[ReleaseCase]:
        """The proposed releases that are told, in the order of the log."""
        return [case for case in state.releases.cases.values() if self.shows(case.scope)]

    def case(self, state: Governed, name: str) -> ReleaseCase:
        """A proposed release that is told, by what `find` takes.

        Raises AccessError `ACCESS_DENIED` whether or not there is another of that name; the
        machine's owner, of whom nothing is hidden, is told as by `find`.
        """
        return self._among(self.cases(state), name)

    def parts(self, chain: str, found: Collection[GovernedPart]) -> list[GovernedPart]:
        """Of what governs parts of a chain, that which is told."""
        named = [part for part in found if part.regions or part.families]
        hides = bool(named) and not self.shows_parts(chain)
        return [part for part in found if not (hides and part in named)]

    def governing(self, house: House, chain: str) -> Release:
        """What governs a chain (empty: all others) now, without what is told to others alone."""
        found = house.release_for(chain)
        hides = any(part.regions or part.families for part in found.parts)
        if not hides or self.shows_parts(chain):
            return found
        shown = [part for part in found.parts if not (part.regions or part.families)]
        return composed(found, shown) if shown else found.whole

    def release(self, house: House, digest: str, chain: str = "") -> Release:
        """A release by its whole digest: proposed, shipped, or in force once.

        Empty: what governs a chain (empty: all others) now. Raises as `case`, and InputError
        `RELEASE_UNKNOWN` where the machine's owner names none.
        """
        present = self.governing(house, chain)
        if digest in ("", present.digest):
            return present
        state = house.ledger.state()
        case = state.releases.cases.get(digest)
        scopes = [each.scope for each in state.releases.timeline if each.release == digest]
        scopes += [case.scope] if case else []
        scopes += [EVERYWHERE] if digest == house.shipped.digest else []
        if not any(map(self.shows, scopes)):
            self._among((), digest)
        return house.release_at(digest)

    def _among(self, cases: Collection[ReleaseCase], name: str) -> ReleaseCase:
        try:
            return find_among(cases, name)
        except InputError as error:
            if self.sight.caller.is_owner or error.code != "RELEASE_UNKNOWN":
                raise
            raise denied() from error
