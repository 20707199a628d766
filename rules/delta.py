"""What a change of records does to the findings, from the neighbourhood of the change alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ontology.columns import Table, joined_tables
from ontology.findings import Finding
from ontology.terms import RESOURCE
from ontology.vocabulary import RECORDS
from rules.check import check_at, check_rules
from rules.lookups import ANY, About, keys_only, united
from rules.neighbourhood import Neighbourhood, back_along, everything, led_from
from rules.reach import judges
from rules.watch import Concerned, Watch, Watched, grouped

Nodes = dict[str, list[Table]]
"""Per class, tables with the keys of nodes."""


@dataclass(frozen=True, slots=True)
class Delta:
    """Findings that are there only after a change, and only before it; both sorted.

    `focus` has, per class, the natural keys of the focus nodes that were looked at: all of which
    a result may differ, and now and then one of which none does.
    """

    appeared: tuple[Finding, ...] = ()
    gone: tuple[Finding, ...] = ()
    focus: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def delta(watch: Watch, before: About, after: About, changed: Mapping[str, Table]) -> Delta:
    """How the findings of rules on all records differ between two worlds.

    `changed` has, per class, at least the keys of the records that were added, changed or closed.
    The difference is the one between `check_rules` on all of each world, and takes time by what
    the change can reach, not by what stands.
    """
    worlds = (before, after)
    touched = {name: _in_both(worlds, nodes) for name, nodes in changed.items() if len(nodes)}
    focus: Nodes = {}
    chosen: dict[int, Watched] = {}
    for concerned in watch.concerned(frozenset(touched)):
        target = concerned.target
        nodes = led_from(after, concerned.walks, target, touched)
        nodes += [keys_only(touched[target])] if target in touched else []
        if nodes:
            focus[target] = nodes
            chosen |= {id(one): one for one in concerned.rules}
    _add_sharing(watch, worlds, focus, chosen)
    whole = {name: united(nodes) for name, nodes in focus.items()}
    groups = grouped(tuple(chosen.values()))
    was, now = (_found(groups, about, whole) for about in worlds)
    if again := [one for one in watch.whole if one.classes & touched.keys()]:
        was, now = was | _found_anew(again, before), now | _found_anew(again, after)
        whole |= {name: _all_of(worlds, name) for name in {one.rule.target for one in again}}
    keys = {name: set(nodes.keys.tolist()) for name, nodes in whole.items()}
    if watch.interpreted is not None:
        more, less, looked_at = watch.interpreted.difference(before, after, touched)
        was, now = (was - more) | less, (now - less) | more
        for name, _, key in (iri.removeprefix(RESOURCE).partition("/") for iri in looked_at):
            keys.setdefault(name, set()).add(key)
    looked = {name: tuple(sorted(some)) for name, some in keys.items()}
    return Delta(tuple(sorted(now - was)), tuple(sorted(was - now)), looked)


def findings_near(watch: Watch, about: About, changed: Mapping[str, Table]) -> list[Finding]:
    """What rules find on some records (their keys by class), sorted, without looking at the rest.

    It is what `check_rules` of everything finds on them.
    """
    focus: Nodes = {}
    judging = watch.judging(frozenset(changed))
    keys = {name: keys_only(rows) for name, rows in changed.items()}
    for target, space, path in judging.ways:
        focus.setdefault(target, []).append(back_along(about, path, keys[space]))
    whole = {name: united(nodes) for name, nodes in focus.items() if nodes}
    again = [one for one in watch.whole if judges(one.rule.shape) & changed.keys()]
    found = _found(judging.groups, about, whole) | _found_anew(again, about)
    if watch.interpreted is not None:
        found |= watch.interpreted.on(about, changed)
    return sorted(finding for finding in found if is_on(finding, changed))


def is_on(finding: Finding, changed: Mapping[str, Table]) -> bool:
    """Whether the focus node of a finding is one of some records."""
    name, _, key = finding.focus_node.removeprefix(RESOURCE).partition("/")
    return name in changed and key in changed[name].row_of


def _found_anew(rules: Sequence[Watched], about: About) -> frozenset[Finding]:
    """What rules find that one record can count for any other in: all of them is looked at."""
    if not rules:
        return frozenset()
    tables = {name: about(name, (), ANY) for one in rules for name in one.classes}
    return frozenset(check_rules([one.rule for one in rules], tables).findings)


def _all_of(worlds: Sequence[About], name: str) -> Table:
    return united([everything(about, name) for about in worlds])


def _in_both(worlds: Sequence[About], nodes: Table) -> Table:
    """Records as they stand in each world."""
    key = RECORDS[nodes.name].KEY
    return joined_tables([about(nodes.name, key, nodes) for about in worlds])


def _add_sharing(
    watch: Watch, worlds: Sequence[About], focus: Nodes, chosen: dict[int, Watched]
) -> None:
    """Add the focus nodes from which the same result can come: it is gone only with the last."""
    for watched in tuple(chosen.values()):
        for place in watched.places:
            if place.shape not in watch.shared:
                continue
            mine = united(focus[watched.rule.target])
            nodes = [Neighbourhood(about).at_end(place.path, mine) for about in worlds]
            for other, where in watch.shared[place.shape]:
                found = [back_along(worlds[-1], where.path, some) for some in nodes]
                focus.setdefault(other.rule.target, []).extend(found)
                chosen[id(other)] = other


def _found(
    groups: Iterable[Concerned], about: About, focus: Mapping[str, Table]
) -> frozenset[Finding]:
    """What rules find on focus nodes, from what they read around them alone."""
    near = Neighbourhood(about)
    groups = [one for one in groups if one.target in focus]
    for one in groups:
        near.add(one.walks, focus[one.target])
    rules = [each.rule for one in groups for each in one.rules]
    return frozenset(check_at(rules, near.tables, focus))
