"""Where a canary would decide alone though another release, for a part, is in force there."""

from collections.abc import Callable, Iterator
from datetime import datetime

from governance.reach import overlap
from governance.release_cases import ReleaseCase
from governance.releases import Releases
from governance.scopes import Scope
from ontology.errors import StateError

Meets = Callable[[Scope, Scope], bool]
"""Whether something may lie in both of two scopes; names tell some of it, facts the rest."""


def refuse_parts(
    releases: Releases, case: ReleaseCase, where: Scope, now: datetime, until: datetime,
    meets: Meets = overlap,
) -> None:  # fmt: skip
    """Refuse a canary where a part, not the one that it is to replace, governs until its end.

    INVARIANT: a canary takes no other release out of force. It judges its rows alone; in force,
    beside that part, it would not, and no back-test shows what it permits without it. Raises
    StateError `CANARY_PART`.
    """
    for scope in _parts(releases, now, until):
        if scope != case.scope and meets(scope, where):
            raise StateError(f"another release governs `{scope.words}`, in the canary's part",
                             code="CANARY_PART", hint="try it where no other governs a part, or "
                             "propose it for that part")  # fmt: skip


def refuse_canaries(
    releases: Releases, case: ReleaseCase, now: datetime, meets: Meets = overlap
) -> None:
    """Refuse to put a part in force where a canary of another scope decides. As `refuse_parts`."""
    for other, canary in releases.canaries(now):
        if case.scope.is_partial and other.scope != case.scope and meets(case.scope, canary.scope):
            raise StateError(f"the canary `{other.digest[:12]}` decides there alone",
                             code="CANARY_PART", hint="abort it first, or wait for its end"
                             )  # fmt: skip


def _parts(releases: Releases, now: datetime, until: datetime) -> Iterator[Scope]:
    """The parts for which a release is in force, or will be before a time."""
    for scope in sorted({each.scope for each in releases.timeline if each.scope.is_partial}):
        later = [each.since for each in releases.timeline
                 if each.scope == scope and now < each.since < until]  # fmt: skip
        if any(releases.standing(scope, at) for at in (now, *later)):
            yield scope
