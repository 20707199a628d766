"""The page: whatever the log holds, it is text; and a person can read and print it."""

from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from graph.artifacts import ArtifactStore
from ontology.events import GOVERNANCE_KINDS, KINDS, Event
from service.house import House
from service.reporting.page import page_of
from service.reporting.period import Period
from service.reporting.report import report_on
from service.reporting.sections import SECTIONS
from tests.service.reporting.conftest import HOSTILE

TAGS = {"html", "head", "meta", "title", "style", "body", "header", "main", "nav", "section", "h1",
        "h2", "p", "table", "caption", "thead", "tbody", "tr", "th", "td", "code", "bdi", "a",
        "br"}  # fmt: skip
ATTRIBUTES = {"lang", "charset", "http-equiv", "content", "name", "class", "scope", "id", "href",
              "aria-labelledby", "aria-label"}  # fmt: skip


class Read(HTMLParser):
    """The elements, their attributes, and the text of a page, as a browser's parser has them."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def hold_inert(page: str) -> Read:
    """Only the elements and attributes that the page is made of, and nothing that leads out."""
    found = Read(page)
    assert set(found.tags) <= TAGS
    assert {name for name, _ in found.attributes} <= ATTRIBUTES
    assert all(value.startswith("#") for name, value in found.attributes if name == "href")
    assert [] == found.open
    assert "url(" not in page
    assert "@import" not in page
    return found


def report_of(text: str) -> dict[str, Any]:
    row = {"event": 1, "kind": text, "leaf": "0" * 64, "agent": text, "recorded_at": text,
           "chain": text, "about": text, "says": text, "reason": text,
           "digests": {text: text}}  # fmt: skip
    part = {"key": "k", "title": "T", "meaning": "M", "count": 1, "rows": [row]}
    return {
        "chain": text,
        "since": "2026-01-01",
        "until": "2026-01-02",
        "events": 1,
        "log": {"events_before": 0, "size": 1, "root": "0" * 64},
        "sections": [part],
    }


def test_hostile_reasons_stay_text(house: House, period: Period) -> None:
    """What people wrote of an edit and a discarded row stands there as they wrote it."""
    page = report_on(house, period).page
    found = hold_inert(page)
    assert 2 == found.text.count("<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;")
    assert "script" not in found.tags
    assert "\u202e" not in page
    assert "\\u202eevil" in page


@settings(max_examples=200)
@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1) | st.sampled_from([
    "</bdi></td></table><script>", "--><svg/onload=x>", "]]>", "<!--", "</style><script>",
    '" onmouseover="x', "&lt;script&gt;", "javascript:x", "\x00<script\x00>", HOSTILE,
]))  # fmt: skip
def test_any_text_stays_text(text: str) -> None:
    """In every place of the page that a text of the log can stand in."""
    plain = hold_inert(page_of(report_of("plain"), "0" * 64))
    found = hold_inert(page_of(report_of(text), "0" * 64))
    assert plain.tags == found.tags


def test_the_page_says_what_it_is(house: House, period: Period) -> None:
    """Language, headings in order, a caption and scopes for every table, print rules, no script."""
    made = report_on(house, period)
    found = hold_inert(made.page)
    assert ("lang", "en") in found.attributes
    assert [1] + [2] * len(SECTIONS) == [int(tag[1]) for tag in found.tags if tag in {"h1", "h2"}]
    assert found.tags.count("table") == found.tags.count("caption") == found.tags.count("thead")
    assert found.tags.count("th") == sum(name == "scope" for name, _ in found.attributes)
    assert "@media print" in made.page
    assert "default-src &#x27;none&#x27;" in made.page
    assert made.digest in found.text
    ids = [value for name, value in found.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert {value[1:] for name, value in found.attributes if name == "href"} <= set(ids)


ALPS = {"chain": "winter", "regions": ["alps"], "families": []}


def logged_event(kind: str, **payload: Any) -> Event:
    when = datetime(2026, 3, 1, tzinfo=UTC)
    return Event(7, kind, "k", "person:ab", when, when, "", payload, "0" * 64, "1" * 64)


def test_kinds_of_governance_have_their_sections(tmp_path: Any) -> None:
    """Expired approvals, stops and autonomy are told from what their events say, and no other."""
    store = ArtifactStore(tmp_path)
    waiver = {"rule": "r", "code": "RULE_SHADOWED", "reason": "on purpose", "person": "person:cd"}
    about = {"name": "spring", "version": "2", "digest": "ef" * 32}
    cases = {
        "releases": logged_event("release.activated", release=about, reason="tried"),
        "approvals": logged_event("approval.expired", plan="ab" * 32, reason="the band was left"),
        "overrides": logged_event("stop.put", scope=ALPS, reason="flood"),
        "exceptions": logged_event("release.reviewed", release="cd" * 32, rule="r", reason="seen"),
    }
    for key, event in cases.items():
        found = {s.key: list(s.rows(event, store)) for s in SECTIONS}
        assert [key] == [name for name, rows in found.items() if rows]
        (row,) = found[key]
        assert event.payload["reason"] == row.reason
        assert row.about
    assert [] == [row for s in SECTIONS for row in s.rows(logged_event("moon.rose"), store)]
    proposed = logged_event("release.proposed", release=about, reason="spring", waivers=[waiver])
    found = {s.key: [row.says for row in s.rows(proposed, store)] for s in SECTIONS}
    assert ["waives RULE_SHADOWED of the rule r, by person:cd"] == found["overrides"]
    everywhere = {"chain": "*", "regions": [], "families": []}
    stop = logged_event("stop.put", scope=everywhere, mode="pause", reason="x")
    (row,) = (row for s in SECTIONS for row in s.rows(stop, store))
    assert ("everywhere", "stop put, with mode pause") == (row.about, row.says)


def test_steps_of_autonomy_are_told_in_words(tmp_path: Any) -> None:
    """Where, to which level by name, and on what; and that a stop was not lifted yet."""
    store, shown = ArtifactStore(tmp_path), {"kind": "backtest", "artifact": "ab" * 32}
    raised = logged_event("autonomy.raised", scope=ALPS, level=2, reason="x", evidence=[shown])
    lifted = logged_event("stop.lifted", stop=5, reason="x", completes=False)
    told = [(row.about, row.says) for event in (raised, lifted)
            for s in SECTIONS for row in s.rows(event, store)]  # fmt: skip
    assert [
        (
            "winter: region alps",
            "autonomy raised, to `act with approval`, on backtest abababababab",
        ),
        ("stop of event 5", "stop lifted, by the first of two"),
    ] == told


def test_every_kind_of_governance_is_told_or_left_out_on_purpose() -> None:
    """A kind that governance learns later is put into a section, or here."""
    told = {kind for section in SECTIONS for kind in section.reads}
    left = {"release.compared", "plan.submitted", "plan.carried_out", "approval.given",
            "approval.commented"}  # fmt: skip
    assert set(GOVERNANCE_KINDS) <= told | left
    assert told <= set(KINDS)
    assert not told & left
