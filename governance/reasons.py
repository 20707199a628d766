"""The reasons that decisions are given: there is one, and it is short enough to keep for ever."""

from ontology.errors import InputError

LONGEST_TEXT = 4_000
"""So many letters of a reason or a comment are kept, in the log and in every refusal by it."""


def reasoned(reason: str) -> str:
    """A reason as it is kept. Raises InputError `REASON_MISSING`, `TEXT_TOO_LONG`."""
    found = kept_text(reason)
    if not found:
        raise InputError("a decision needs a reason", code="REASON_MISSING",
                         hint="give it with --reason, without a name")  # fmt: skip
    return found


def kept_text(text: str) -> str:
    """A text as it is kept; it may be empty. Raises InputError `TEXT_TOO_LONG`."""
    if len(text) > LONGEST_TEXT:
        raise InputError(f"a text of more than {LONGEST_TEXT:,} letters is not kept",
                         code="TEXT_TOO_LONG", hint="say it shorter")  # fmt: skip
    return text.strip()
