"""Hints that go out by a door: a sender reads the words of that door, and no command line."""

import re
from dataclasses import fields
from pathlib import Path

from api.graphql.syncing import SyncFeedInput
from feeds.gates.findings import HINTS as GATES
from feeds.refusals import HINTS as ROWS
from service.doors.door_words import WORDS, Door, in_words_of

GUIDE = (Path(__file__).parents[3] / "docs/integrating.md").read_text()


def test_the_words_are_those_of_the_guide() -> None:
    """Law: each header of the guide's table is what its option of `sync` is called over HTTP."""
    found = dict(re.findall(r"^\| `(ce-[a-z]+)` \| `(--[a-z-]+)` \|", GUIDE, re.MULTILINE))
    headers = {told[Door.HTTP]: option for option, told in WORDS.items()
               if told[Door.HTTP].startswith("ce-")}  # fmt: skip
    assert found == headers
    for told in WORDS.values():
        assert f"`{told[Door.HTTP]}`" in GUIDE


def test_the_words_are_those_of_the_schema() -> None:
    """Law: what an option is called in GraphQL is a field of the input of `syncFeed`."""
    names = {field.name for field in fields(SyncFeedInput)}
    for told in WORDS.values():
        word = told[Door.GRAPHQL].partition(":")[0]
        assert re.sub("([A-Z])", r"_\1", word).lower() in names


def test_no_hint_of_a_door_leaves_an_option_alone() -> None:
    """Law: at a door every option in a hint is that door's word, or stands behind its command."""
    for hint in {**GATES, **ROWS}.values():
        for door in Door:
            assert not re.search("`--", in_words_of(door, hint))
    stopped = in_words_of(Door.HTTP, GATES["GATE_STOPPED"])
    assert stopped.startswith("`?dry_run=1` lists them;")
    assert stopped.endswith("raise `evenkeel sync --stop-share`")


def test_a_value_goes_with_its_word() -> None:
    """Law: the name of the delivery that is meant stays with the word that names it."""
    hint = "to correct it, add `--supersedes count 1`"
    assert "to correct it, add `ce-supersedes: count 1`" == in_words_of(Door.HTTP, hint)
    assert 'to correct it, add `supersedes: "count 1"`' == in_words_of(Door.GRAPHQL, hint)
