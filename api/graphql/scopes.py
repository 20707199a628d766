"""Scopes over GraphQL: a chain or all, and of it all or some regions and families."""

import strawberry

from governance.scopes import Scope


@strawberry.type(description="Where a release is in force: a chain, and of it all or some.")
class PolicyScope:
    """`chain` is * for all; without regions or families it is of the whole."""

    chain: str
    regions: list[str]
    families: list[str]

    @staticmethod
    def of(found: Scope) -> "PolicyScope":
        """The scope of the ledger."""
        return PolicyScope(chain=found.chain, regions=list(found.regions),
                           families=list(found.families))  # fmt: skip


@strawberry.input(name="PolicyScopeInput", description="Where a release is to be in force.")
class ScopeInput:
    """`chain` is * for all; regions are where something arrives, families those of items."""

    chain: str = "*"
    regions: list[str] = strawberry.field(default_factory=list)
    families: list[str] = strawberry.field(default_factory=list)

    def asked(self) -> Scope:
        """The same for the ledger."""
        return Scope(self.chain, tuple(self.regions), tuple(self.families))
