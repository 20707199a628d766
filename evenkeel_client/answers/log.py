"""Questions of `log.graphql`, written by `evenkeel_client.generating`: do not edit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from evenkeel_client.asking import PAGE_ROWS, Asking


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The end of the log, and how far readers see."""

    projected: int
    sequence: int
    root: str
    recorded_at: datetime | None
    checkpoint: str | None

    @staticmethod
    def of(told: Any) -> Head:
        """Read from JSON."""
        return Head(
            projected=told["projected"],
            sequence=told["sequence"],
            root=told["root"],
            recorded_at=None
            if told["recordedAt"] is None
            else datetime.fromisoformat(told["recordedAt"]),
            checkpoint=told["checkpoint"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """An entry of the log."""

    sequence: int
    kind: str
    agent: str
    effective_at: datetime
    recorded_at: datetime
    artifact: str
    payload: Any
    leaf: str

    @staticmethod
    def of(told: Any) -> Events:
        """Read from JSON."""
        return Events(
            sequence=told["sequence"],
            kind=told["kind"],
            agent=told["agent"],
            effective_at=datetime.fromisoformat(told["effectiveAt"]),
            recorded_at=datetime.fromisoformat(told["recordedAt"]),
            artifact=told["artifact"],
            payload=told["payload"],
            leaf=told["leaf"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine:
    """A row that was refused, and why."""

    file: str
    row: int
    column: str
    code: str
    reason: str
    text: str

    @staticmethod
    def of(told: Any) -> Quarantine:
        """Read from JSON."""
        return Quarantine(
            file=told["file"],
            row=told["row"],
            column=told["column"],
            code=told["code"],
            reason=told["reason"],
            text=told["text"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class InclusionProof:
    """That an event stands in the log: RFC 6962, section 2.1.1."""

    event: int
    leaf: str
    size: int
    root: str
    hashes: tuple[str, ...]

    @staticmethod
    def of(told: Any) -> InclusionProof:
        """Read from JSON."""
        return InclusionProof(
            event=told["event"],
            leaf=told["leaf"],
            size=told["size"],
            root=told["root"],
            hashes=tuple(told["hashes"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsistencyProof:
    """That the log only grew: RFC 6962, section 2.1.2."""

    from_size: int
    from_root: str
    to_size: int
    to_root: str
    hashes: tuple[str, ...]

    @staticmethod
    def of(told: Any) -> ConsistencyProof:
        """Read from JSON."""
        return ConsistencyProof(
            from_size=told["fromSize"],
            from_root=told["fromRoot"],
            to_size=told["toSize"],
            to_root=told["toRoot"],
            hashes=tuple(told["hashes"]),
        )


HEAD = """
query Head {
  head {
    projected
    sequence
    root
    recordedAt
    checkpoint
  }
}
"""

EVENTS = """
query Events($first: Int, $after: String) {
  events(first: $first, after: $after) {
    edges {
      node {
        sequence
        kind
        agent
        effectiveAt
        recordedAt
        artifact
        payload
        leaf
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
"""

QUARANTINE = """
query Quarantine($event: Int!, $first: Int, $after: String) {
  quarantine(event: $event, first: $first, after: $after) {
    edges {
      node {
        file
        row
        column
        code
        reason
        text
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
"""

INCLUSION_PROOF = """
query InclusionProof($event: Int!, $atSize: Int) {
  inclusionProof(event: $event, atSize: $atSize) {
    event
    leaf
    size
    root
    hashes
  }
}
"""

CONSISTENCY_PROOF = """
query ConsistencyProof($from: Int!, $to: Int) {
  consistencyProof(from: $from, to: $to) {
    fromSize
    fromRoot
    toSize
    toRoot
    hashes
  }
}
"""


class LogQuestions(Asking):
    """What `log.graphql` asks, a method for each of its operations."""

    def head(self) -> Head:
        """The end of the log."""
        return self.asked(HEAD, {}, ("head",), lambda told: Head.of(told))

    def events(self, *, page_rows: int = PAGE_ROWS) -> Iterator[Events]:
        """The log, in order."""
        return self.paged(EVENTS, {}, ("events",), Events.of, page_rows)

    def quarantine(self, event: int, *, page_rows: int = PAGE_ROWS) -> Iterator[Quarantine]:
        """Rows that a feed's event set aside."""
        return self.paged(QUARANTINE, {"event": event}, ("quarantine",), Quarantine.of, page_rows)

    def inclusion_proof(self, event: int, *, at_size: int | None = None) -> InclusionProof:
        """That an event stands in the log, or in the log when it had `atSize` events."""
        return self.asked(
            INCLUSION_PROOF,
            {"event": event, "atSize": at_size},
            ("inclusionProof",),
            lambda told: InclusionProof.of(told),
        )

    def consistency_proof(self, from_: int, *, to: int | None = None) -> ConsistencyProof:
        """That the log of `from` events begins the present one, or that of `to` events."""
        return self.asked(
            CONSISTENCY_PROOF,
            {"from": from_, "to": to},
            ("consistencyProof",),
            lambda told: ConsistencyProof.of(told),
        )
