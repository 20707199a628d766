"""The sections of a report: each a function from single events of the log to rows."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from governance.autonomy import LEVELS
from governance.scopes import scope_of
from graph.artifacts import ArtifactStore
from ontology.edits import Edit
from ontology.events import Event
from ontology.promise_ends import HELD_DAYS, lapsed
from ontology.promises import promise_of

OWN_SOURCES = "evenkeel-"
FORECAST_SOURCE = "evenkeel-forecast"
WHOLE = "*"
DIGITS = 12


@dataclass(frozen=True, slots=True)
class Said:
    """What one row says of its event: what it is about, what happened, and why by who said so.

    `digests` name what it rests on beside the event: a plan, a release, a content.
    """

    about: str
    says: str
    reason: str = ""
    digests: Mapping[str, str] = field(default_factory=dict)


Rows = Callable[[Event, ArtifactStore], Iterator[Said]]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report: `reads` has a function for each kind of event that it looks at.

    A kind that no log has yet costs nothing: the section has its rows as soon as it is logged.
    """

    key: str
    title: str
    meaning: str
    reads: Mapping[str, Rows]

    def rows(self, event: Event, store: ArtifactStore) -> Iterator[Said]:
        """The rows of one event, none where the section does not look at its kind."""
        found = self.reads.get(event.kind)
        return iter(()) if found is None else found(event, store)


def _plan_digests(event: Event) -> dict[str, str]:
    return {"plan": str(event.payload["plan"])}


def _plan(event: Event) -> str:
    return f"plan {str(event.payload['plan'])[:DIGITS]} of {event.payload.get('chain', '')}"


def _decision(event: Event, store: ArtifactStore) -> Mapping[str, Any]:
    found: Mapping[str, Any] = store.get_document(event.artifact)["decision"]
    return found


def attention(event: Event, store: ArtifactStore) -> Iterator[Said]:
    """Lines of a plan that a rule sends to a person, by rule; demand that a rule left open."""
    decision, digests = _decision(event, store), _plan_digests(event)
    for rule, lines in sorted(decision["suppressed"].get("attention", {}).items()):
        yield Said(rule, f"{_plan(event)}: sends {_count(lines, 'line')} to a person",
                   digests=digests)  # fmt: skip
    for row in decision["shortfalls"]:
        if row["kind"] == "rule":
            wanted = [str(row[name]) for name in ("order", "item", "location") if row.get(name)]
            yield Said(str(row.get("rule", "")), f"{_plan(event)}: leaves demand open, shortfall "
                       f"{row['number']}: {' at '.join(wanted)}", digests=digests)  # fmt: skip


def exceptions_of_plan(event: Event, store: ArtifactStore) -> Iterator[Said]:
    """What a person should look at in a plan, and at what was carried out and never counted."""
    yield from attention(event, store)
    decision = _decision(event, store)
    promised = map(promise_of, decision.get("promised", ()))
    for each in lapsed(promised, date.fromisoformat(decision["starts_on"])):
        way = " to ".join(name for name in (each.place or each.supplier, each.destination) if name)
        what = f"{_count(each.units, 'unit')} from {way} of {each.day}"
        yield Said(each.item, f"{_plan(event)}: {what} carried out, and not counted within "
                   f"{HELD_DAYS} days: no longer held",
                   digests=_plan_digests(event))  # fmt: skip


def set_aside(event: Event, _store: ArtifactStore) -> Iterator[Said]:
    """A delivery of which rows were set aside."""
    told = event.payload
    if told["quarantined"]:
        yield Said(f"{told['source']}/{told['feed']}", f"{_count(told['quarantined'], 'row')} of "
                   f"{told['chain']} set aside", digests={"content": event.artifact})  # fmt: skip


def edits(event: Event, store: ArtifactStore) -> Iterator[Said]:
    """Lines of a plan that a person asked for otherwise."""
    for stated in _decision(event, store).get("edits", ()):
        edit = Edit(**stated)
        yield Said(_plan(event), str(edit), edit.reason, _plan_digests(event))


def stewardship(event: Event, store: ArtifactStore) -> Iterator[Said]:
    """A delivery that people made about data: rows mended, links of identity, differences."""
    told = event.payload
    source = str(told["source"])
    if "settled_as" in told:
        rows = _count(int(told.get("settled_rows", 0)), "row")
        yield Said(f"{source}/{told['feed']}", f"{rows} settled as {told['settled_as']}",
                   str(told.get("reason", "")), {"content": event.artifact})  # fmt: skip
    elif source.startswith(OWN_SOURCES) and source != FORECAST_SOURCE:
        reasons = {str(_reason_of(store, one["digest"])) for one in told["files"]}
        yield Said(f"{source}/{told['feed']}", f"{_count(told['facts'], 'fact')} of "
                   f"{told['chain']} decided by a person", "; ".join(sorted(reasons - {""})),
                   {"content": event.artifact})  # fmt: skip


def _reason_of(store: ArtifactStore, digest: str) -> str:
    """The reason that the document of a person's decision states; empty where it has none."""
    if not digest or not store.has(digest):
        return ""
    try:
        document = store.get_document(digest)
    except (ValueError, TypeError):
        return ""
    return str(document.get("reason", "")) if isinstance(document, Mapping) else ""


def discarded(event: Event, _store: ArtifactStore) -> Iterator[Said]:
    """Rows that a person discarded."""
    told = event.payload
    yield Said(f"delivery of event {told['event']}", f"{_count(told['rows'], 'row')} discarded",
               str(told.get("reason", "")), {"content": event.artifact})  # fmt: skip


def governed(event: Event, _store: ArtifactStore) -> Iterator[Said]:
    """What governance decided, in the words of its kind, with what it is about and why."""
    told = event.payload
    name, digest = _named(told)
    subject, _, word = event.kind.partition(".")
    digests = {subject: digest} if digest else {}
    if event.artifact:
        digests["content"] = event.artifact
    says = f"{subject} {word.replace('_', ' ')}"
    for detail, words in (("rule", "of the rule"), ("mode", "with mode")):
        if told.get(detail) is not None:
            says += f", {words} {told[detail]}"
    if told.get("level") is not None:
        says += f", to `{LEVELS[told['level']]}`"
    if told.get("evidence"):
        shown = (f"{one['kind']} {one['artifact'][:DIGITS]}" for one in told["evidence"])
        says += f", on {', '.join(shown)}"
    if event.kind == "stop.lifted" and not told.get("completes", True):
        says += ", by the first of two"
    yield Said(name, says, str(told.get("reason", "")), digests)


def waived(event: Event, _store: ArtifactStore) -> Iterator[Said]:
    """Findings of lint that somebody answered for when a release was proposed."""
    name, digest = _named(event.payload)
    for one in event.payload.get("waivers", ()):
        yield Said(name, f"waives {one['code']} of the rule {one['rule']}, by "
                   f"{one.get('person', event.agent)}", str(one["reason"]), {"release": digest},
                   )  # fmt: skip


def priced(event: Event, store: ArtifactStore) -> Iterator[Said]:
    """What each rule cost in a plan, with the digest of the plan without it."""
    told, answer = event.payload, store.get_document(event.artifact)
    for cost in told["costs"]:
        ends = (cost["at_least_scaled"], cost["at_most_scaled"])
        yield Said(str(cost["rule"]), price_text(ends, answer["cost_scale"], answer["currency"]),
                   digests={"plan": told["plan"], "release": told["release"],
                            "without": cost["counterfactual"]})  # fmt: skip


def price_text(ends: tuple[int, int], scale: int, currency: str) -> str:
    """What a rule cost at least and at most, in units of the currency; one amount where exact."""
    low, high = (_amount(one, scale, currency) for one in ends)
    return low if low == high else f"from {low} to {high}"


def _amount(scaled: int, scale: int, currency: str) -> str:
    cents = round(Fraction(scaled, scale))
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100:,}.{abs(cents) % 100:02} {currency}".strip()


def _named(told: Mapping[str, Any]) -> tuple[str, str]:
    """What an event of governance is about: its name, and its digest where it has one."""
    release = told.get("release")
    if isinstance(release, Mapping):
        return f"{release['name']} {release['version']}", str(release["digest"])
    for word in ("release", "plan"):
        if isinstance(found := told.get(word), str):
            return f"{word} {found[:DIGITS]}", found
    if isinstance(scope := told.get("scope"), Mapping):
        return scope_of(scope).words, ""
    for word in ("items", "task", "taker", "grant", "token", "person"):
        if found := told.get(word):
            return _text(found) or "everywhere", ""
    return (f"stop of event {told['stop']}", "") if "stop" in told else ("", "")


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_text(one)}" for name, one in sorted(value.items()) if one)
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    return str(value)


def exposed(event: Event, _store: ArtifactStore) -> Iterator[Said]:
    """What was shown of what it takes a clearance to see: a row for each class of a chain."""
    for one in event.payload["shown"]:
        fields = ", ".join(one["fields"])
        what = "all facts" if one["class"] == WHOLE else str(one["class"])
        says = f"{_count(one['count'], 'fact')} by {event.payload['door']}"
        yield Said(f"{one['chain']}/{what}", says + (f": {fields}" if fields else ""),
                   digests={"content": event.artifact})  # fmt: skip


def rights(event: Event, _store: ArtifactStore) -> Iterator[Said]:
    """A right that was given or ended, a token that was issued or revoked."""
    told = event.payload
    held = ", ".join(_text(told[word]) for word in ("role", "scopes", "scope") if told.get(word))
    name = _text(told.get("grant") or told.get("token") or "")
    subject, _, word = event.kind.partition(".")
    who = _text(told.get("person") or told.get("who") or "")
    about = f"{name} of {who}" if who else name
    yield Said(about, f"{subject} {word}" + (f": {held}" if held else ""),
               str(told.get("reason", "")))  # fmt: skip


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _each(*kinds: str) -> dict[str, Rows]:
    return dict.fromkeys(kinds, governed)


PRICES = "prices"

SECTIONS = (
    Section(
        "exceptions", "Exceptions",
        "Lines that a rule sends to a person, demand that a rule left open, deliveries of which "
        "rows were set aside, and releases that a person answers for although they permit what "
        "was denied; what was carried out and never counted; tasks of the scheduler that failed.",
        {"plan.made": exceptions_of_plan, "feed.loaded": set_aside,
         **_each("release.reviewed", "task.failed")},
    ),
    Section(
        "overrides", "Overrides",
        "What people decided otherwise than the system: edits of plans, rows mended or discarded, "
        "differences resolved, links of identity, waivers, stops, protected items, steps of "
        "autonomy, and releases that were aborted, withdrawn or rolled back.",
        {"plan.made": edits, "feed.loaded": stewardship, "rows.discarded": discarded,
         "release.proposed": waived,
         **_each("release.aborted", "release.rolled_back", "release.withdrawn",
                 "stop.put", "stop.lifted", "items.protected", "items.released",
                 "autonomy.raised", "autonomy.lowered")},
    ),
    Section(
        "approvals", "Approvals that ended without a plan carried out",
        "Approvals that expired, were declined, or became void, with the reason.",
        _each("approval.expired", "approval.voided", "approval.declined", "approval.returned",
              "approval.escalated"),
    ),
    Section(
        PRICES, "What rules cost",
        "The difference of two certified plans, with a rule and without it, in the currency of the "
        "plan, as an interval where a gap is left: as it was found in the period, and of the last "
        "plan of each chain.",
        {"rules.priced": priced},
    ),
    Section(
        "releases", "Policy releases",
        "What became of releases of rules in the period.",
        _each("release.proposed", "release.backtested", "release.approved",
              "release.canary_started", "release.activated", "release.retired"),
    ),
    Section(
        "exposures", "Exposure of confidential data",
        "What was shown of facts that it takes a clearance to see, and by which door.",
        {"access.exposed": exposed},
    ),
    Section(
        "rights", "Rights given and ended",
        "Grants, tokens and powers handed over, and persons whose names were erased.",
        {**_each("approval.delegated", "approval.delegation_ended"),
         **dict.fromkeys(("access.granted", "access.ended", "token.issued", "token.revoked",
                          "person.erased"), rights)},
    ),
)  # fmt: skip
"""In the order of the page. A new kind of event is one more entry of `reads`."""
