"""Pseudonyms: what stands for a person in the log, in facts and in documents."""

import re
import secrets

PSEUDONYM = re.compile(r"person:[0-9a-f]{32}")
"""128 random bits: it says nothing of whom it stands for, and nobody guesses another."""

MACHINES = frozenset({"demo", "evenkeel", "graphql", "http", "kafka", "local"})
"""Who acts without being a person: entrances of this service, and the unnamed command line."""

UNNAMED = MACHINES - {"evenkeel"}
"""By whose name a person may have acted who gave none; the service itself is no person."""

_SHOWN_CHARACTERS = 11


def is_pseudonym(text: str) -> bool:
    """Whether a text as a whole is a pseudonym."""
    return PSEUDONYM.fullmatch(text) is not None


def new_pseudonym() -> str:
    """One that was never given."""
    return f"person:{secrets.token_hex(16)}"


def erased(pseudonym: str) -> str:
    """How a person is shown of whom nothing but the pseudonym is left."""
    return f"{pseudonym[:_SHOWN_CHARACTERS]}\N{HORIZONTAL ELLIPSIS} (erased)"


def nameless(pseudonym: str) -> str:
    """How a person is shown whose name is not known here; elsewhere it may be."""
    return f"{pseudonym[:_SHOWN_CHARACTERS]}\N{HORIZONTAL ELLIPSIS} (name not known here)"
