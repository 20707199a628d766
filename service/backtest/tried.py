"""A release that is tried: where it would be in force, beside what was in force elsewhere."""

from dataclasses import dataclass

from rules.parts import Part
from rules.release import Release, composed


@dataclass(frozen=True)
class Tried:
    """A release, for the whole of a chain, or for some of its regions and families."""

    release: Release
    regions: tuple[str, ...] = ()
    families: tuple[str, ...] = ()

    @property
    def is_partial(self) -> bool:
        """Whether it is for a part of a chain."""
        return bool(self.regions or self.families)

    def instead_of(self, own: Release) -> Release:
        """The release that decided by itself where this one would: of the part, or of the whole."""
        mine = [part.release for part in own.parts if self._is_same(part)]
        return mine[0] if mine else own.whole

    def within(self, own: Release, release: Release | None = None) -> Release:
        """What would have governed with this one (or another in its place) in force in its scope.

        All else stays as it was under `own`: the whole, the other parts, canaries.
        """
        chosen = release or self.release
        if not self.is_partial:
            return composed(chosen, own.parts) if own.parts else chosen
        others = [part for part in own.parts if not self._is_same(part)]
        return composed(own.whole, [*others, Part(chosen, self.regions, self.families)])

    def _is_same(self, part: Part) -> bool:
        return self.is_partial and not part.is_canary and (
            part.regions, part.families) == (self.regions, self.families)  # fmt: skip


def judges(release: Release) -> tuple[Release, ...]:
    """The release of the whole, and those of its parts."""
    return (release.whole, *(part.release for part in release.parts))
