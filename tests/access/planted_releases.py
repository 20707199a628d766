"""Releases planted with what must stay hidden: one for a hidden part, one of another chain."""

from dataclasses import dataclass, replace

from governance.releasing import Actor, backtested
from governance.scopes import Scope
from ontology.governance import PolicyRelease
from rules.lint import lint
from rules.release import Release, default_release
from service.governing import releasing
from service.house import House
from tests.access.guarded_chain import CANARY, FULL, ORDERED, ZONE_PLACE

ELSEWHERE, KNOB = "zq8m", 88_420_001
"""What is in every text and number of a release that only who sees the chain FULL is told."""
SHAPE = """@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix inv: <https://w3id.org/evenkeel/inventory#> .
<https://rules.test/{0}-rule> a sh:NodeShape ; sh:targetClass inv:Movement ;
  rdfs:label "{0} rule" ; rdfs:comment "{0} why." ; inv:owner "{0} team" ;
  sh:severity sh:Violation ; sh:message "{0} moves" ;
  sh:property [ sh:path inv:arrivesOn ; sh:maxCount {1} ] .
"""


@dataclass(frozen=True)
class Planted:
    """The digests: in force for a hidden part, proposed for one, and proposed for the chain."""

    part: str
    tried: str
    chain: str


def plant_releases(house: House) -> Planted:
    """Put them in the ledger. Every text that somebody writes holds a planted one."""
    part = _put(house, _release(CANARY, {}), Scope(FULL, (ZONE_PLACE,)), CANARY)
    people = (f"person:{CANARY}-reviewer", f"person:{CANARY}-author")
    house.ledger.append(lambda state, now: backtested(
        state, now, Actor("evenkeel", is_person=False), part.digest, f"{CANARY}-result", []
    ))  # fmt: skip
    releasing.approve(house, part.digest, f"{CANARY} read it", people[0])
    releasing.activate(house, part.digest, people[1])
    tried = _put(house, _release(f"{CANARY}-tried", {}), Scope(FULL, (), (f"{CANARY} family",)),
                 CANARY)  # fmt: skip
    chain = _put(house, _release(ELSEWHERE, {"work_limit": KNOB}), Scope(FULL), ELSEWHERE)
    return Planted(part.digest, tried.digest, chain.digest)


def _release(word: str, knobs: dict[str, int]) -> Release:
    shipped = default_release()
    shapes = {**shipped.shapes, f"{word}.ttl": SHAPE.format(word, knobs.get("work_limit", ORDERED))}
    return replace(shipped, name=f"{word} name", version=f"{word}-1", shapes=shapes,
                   knobs={**shipped.knobs, **knobs})  # fmt: skip


def _put(house: House, release: Release, scope: Scope, word: str) -> PolicyRelease:
    waivers = [{"rule": each.rule, "code": each.code, "reason": f"{word} waives"}
               for each in lint(release)]  # fmt: skip
    agent = f"person:{word}-author"
    releasing.propose(house, release, f"{word} reason", agent, scope, waivers=waivers)
    return PolicyRelease(release.digest, release.name, release.version, len(release.rules))
