"""Releases on their way, for tests: the shipped rules and others, proposed and approved."""

from dataclasses import replace

from governance.releasing import Actor, backtested
from governance.scopes import EVERYWHERE, Scope
from rules.release import Release, default_release
from service.governing import releasing
from service.house import House

CHAIN = "two_hubs"
SHIPPED = default_release()
NO_MEDICAL = (
    SHIPPED.shapes["fresh-lot.ttl"].partition("rule:fresh-lot ")[0]
    + """
rule:stays a sh:NodeShape ;
    rdfs:label "It stays" ; rdfs:comment "For a test." ; inv:owner "quality" ;
    sh:targetClass inv:Movement ; sh:severity sh:Violation ; sh:message "it stays where it is" ;
    sh:property [ sh:path inv:kind ; sh:not [ sh:in ( "transfer" ) ] ] .
"""
)


def another(version: str, **files: str) -> Release:
    """The shipped rules under another version, with more files."""
    shapes = {**SHIPPED.shapes, **{f"{name}.ttl": text for name, text in files.items()}}
    return replace(SHIPPED, version=version, shapes=shapes)


STAYS = another("stays", stays=NO_MEDICAL)
WAIVED = [{"rule": "https://w3id.org/evenkeel/rule/cool-down", "code": "RULE_SHADOWED",
           "reason": "the rule of the test denies more"}]  # fmt: skip
MEDICAL, HARDWARE = Scope(families=("medical",)), Scope(families=("hardware",))


def approved(house: House, release: Release, scope: Scope = EVERYWHERE) -> str:
    """A release that Ada proposed, that was back-tested, and that Ben approved."""
    releasing.propose(house, release, "for a test", "ada", scope, WAIVED)
    house.ledger.append(lambda state, now: backtested(
        state, now, Actor("evenkeel", is_person=False), release.digest, "result", []))  # fmt: skip
    releasing.approve(house, release.digest, "read it", "ben")
    return release.digest
