"""Hints in the words of the door by which a delivery came: a sender has no command line."""

import re
from collections.abc import Mapping
from enum import StrEnum

_OPTION = re.compile(r"`(--[a-z-]+)(?: ([^`]*))?`")
_BY_HAND = "`evenkeel sync %s`"


class Door(StrEnum):
    """The doors whose senders say it otherwise than `evenkeel sync` does."""

    HTTP = "http"
    GRAPHQL = "graphql"


WORDS: Mapping[str, Mapping[Door, str]] = {
    "--feed": {Door.HTTP: "ce-id", Door.GRAPHQL: "id"},
    "--effective": {Door.HTTP: "ce-time", Door.GRAPHQL: "effectiveAt"},
    "--source-sequence": {Door.HTTP: "ce-sequence", Door.GRAPHQL: "sequence"},
    "--supersedes": {Door.HTTP: "ce-supersedes", Door.GRAPHQL: "supersedes"},
    "--schema-version": {Door.HTTP: "ce-dataschema", Door.GRAPHQL: "schemaVersion"},
    "--correlation": {Door.HTTP: "ce-correlationid", Door.GRAPHQL: "correlationId"},
    "--confidence": {Door.HTTP: "ce-confidence", Door.GRAPHQL: "confidencePercent"},
    "--dry-run": {Door.HTTP: "?dry_run=1", Door.GRAPHQL: "dryRun: true"},
    "--close-all": {Door.HTTP: "?close_all=1", Door.GRAPHQL: "closeAll: true"},
}
"""What an option of `evenkeel sync` is called at a door: a header, a parameter, an input field."""


def in_words_of(door: Door, hint: str) -> str:
    """The hint with each option of `evenkeel sync` as the door calls it, its value with it.

    An option that the door does not have is named with its command: who runs the service has it.
    """
    return _OPTION.sub(lambda found: _said(door, found[1], found[2] or ""), hint)


def _said(door: Door, option: str, value: str) -> str:
    word = WORDS.get(option, {}).get(door)
    if word is None:
        return _BY_HAND % f"{option} {value}".rstrip()
    if not value:
        return f"`{word}`"
    return f"`{word}: {value}`" if door == Door.HTTP else f'`{word}: "{value}"`'
