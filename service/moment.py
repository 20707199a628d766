"""The facts of a chain as of two times, asked as the present is: by page, URI and reference."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from graph.catalog import Page
from graph.facts import StatedFact, kinds_of, uri_of
from graph.manifests import FeedContents, read_feed
from ontology.columns import Snapshot, record_at
from ontology.terms import join_key
from ontology.vocabulary import FACTS, no_class
from service.house import AsOf, House
from service.permits.views import Shown

NO_ORIGIN = -1
_FEEDS_KEPT = 4


class Moment:
    """What was true and known at some times; read from columns, which the graph does not keep.

    Of these facts it knows those that `seen` gives, and no others; `note` is told chain, class and
    key of each that it took a clearance to see.
    """

    def __init__(
        self, house: House, chain: str, as_of: AsOf, seen: Callable[[], Shown],
        note: Callable[[str, str, str], None],
    ) -> None:  # fmt: skip
        self._house = house
        self.chain = chain
        self.as_of = as_of
        self._seen = seen
        self._note = note
        self._feeds: dict[int, FeedContents] = {}

    @cached_property
    def shown(self) -> Shown:
        """What is seen of then. Raises as `House.facts`."""
        return self._seen()

    @property
    def snapshot(self) -> Snapshot:
        """All facts of then that are seen. Raises as `House.facts`."""
        return self.shown.snapshot

    def facts(self, class_name: str, *, after: str, first: int) -> Page[StatedFact]:
        """Facts of a class in order of natural key, after the key `after`.

        Raises InputError `UNKNOWN_CLASS`.
        """
        if class_name not in FACTS:
            raise no_class(class_name)
        keys = self.snapshot.table(class_name).keys  # sorted: work is bound to the page
        begin = bisect_right(keys, after) if after else 0
        rows = range(begin, min(begin + first + 1, len(keys)))
        return Page(tuple(self._stated(class_name, row) for row in rows[:first]), len(rows) > first)

    def by_uri(self, uri: str) -> StatedFact | None:
        """The fact of a URI, None where there was none."""
        _, class_name, key = (*uri.split("/", 2), "", "")[:3]
        if class_name not in FACTS:
            return None
        row = self.snapshot.table(class_name).row_of.get(key)
        return None if row is None else self._stated(class_name, row)

    def referring(
        self, uri: str, class_name: str, field: str, *, after: str, first: int
    ) -> Page[StatedFact]:
        """The facts of a class whose reference field names an entity, in order of URI."""
        place, known = ("referring", class_name, field), self.shown.worked_out
        if place not in known:
            known[place] = self._by_reference(class_name, field)
        keys = self.snapshot.table(class_name).keys
        found = [
            row for row in known[place].get(uri.split("/", 2)[2], ())
            if not after or uri_of(self.chain, class_name, keys[row]) > after
        ][: first + 1]  # fmt: skip
        return Page(
            tuple(self._stated(class_name, row) for row in found[:first]), len(found) > first
        )

    def _by_reference(self, class_name: str, field: str) -> dict[str, list[int]]:
        """Per key of an entity, the rows that name it."""
        many = kinds_of(class_name)[field].many
        found: dict[str, list[int]] = {}
        for row, value in enumerate(self.snapshot.table(class_name)[field].tolist()):
            named: Sequence[Any] = value if many else (value,)
            for one in named or ():
                if one is not None:
                    found.setdefault(join_key((one,)), []).append(row)
        return found

    def _stated(self, class_name: str, row: int) -> StatedFact:
        table = self.snapshot.table(class_name)
        if self.shown.takes_clearance(class_name, row):
            self._note(self.chain, class_name, str(table.keys[row]))
        event, place = self.snapshot.addresses[class_name][row].tolist()
        if self.shown.is_partial:  # the place of a row says how many there are before it
            return StatedFact(uri_of(self.chain, class_name, table.keys[row]), self.chain,
                              class_name, table.keys[row], event, 0, "", 0,
                              record_at(table, row))  # fmt: skip
        feed = self._feed(event)
        file, line = feed.origins[class_name][place].tolist()
        return StatedFact(
            uri_of(self.chain, class_name, table.keys[row]), self.chain, class_name,
            table.keys[row], event, place,
            feed.files[file].name if file != NO_ORIGIN else "", max(line, 0),
            record_at(table, row),
        )  # fmt: skip

    def _feed(self, event: int) -> FeedContents:
        if event not in self._feeds:
            (found,) = self._house.projection.log.read(after=event - 1, limit=1)
            if len(self._feeds) >= _FEEDS_KEPT:
                self._feeds.pop(next(iter(self._feeds)))
            self._feeds[event] = read_feed(self._house.store, found.artifact)
        return self._feeds[event]
