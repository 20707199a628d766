"""Parts of a release: each movement is judged by the release of its own part, and by no other."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest

from ontology.columns import Snapshot, Table, table_of
from ontology.errors import InputError
from ontology.places import Location
from rules.decide import decide
from rules.parts import Part, belongs, judges_of, share_of, strays
from rules.release import Release, composed, default_release, from_document
from tests.rules.worlds import (
    FAMILIES,
    ITEMS,
    PLACES,
    random_movements,
    random_stock_after,
    random_tables,
)

SHIPPED = default_release()
RULE = "https://w3id.org/evenkeel/rule/"
SHARE = Part(SHIPPED, share_percent=30, salt="s")


def looser(word: str, file: str = "fresh-lot.ttl") -> Release:
    """The shipped rules without one file."""
    kept = {name: text for name, text in SHIPPED.shapes.items() if name != file}
    return Release(SHIPPED.name, word, kept, SHIPPED.knobs, SHIPPED.policies, SHIPPED.definitions)


def stricter(word: str) -> Release:
    """The shipped rules, and one that closes every transfer and wants stock kept."""
    text = SHIPPED.shapes["fresh-lot.ttl"].replace("rule:fresh-lot ", "rule:still ")
    head, _, _ = text.partition("rule:fresh-lot-record a")
    still = head.replace(
        "sh:property rule:fresh-lot-record , rule:fresh-lot-expiry , rule:fresh-lot-life .",
        'sh:property [ sh:path inv:kind ; sh:not [ sh:in ( "transfer" ) ] ] .',
    )
    keep = (still.replace("rule:still", "rule:keep").replace("inv:Movement", "inv:StockAfterMoves")
            .replace('sh:path inv:kind ; sh:not [ sh:in ( "transfer" ) ]',
                     "sh:path inv:quantityAfterMovesUnits ; sh:minInclusive 2"))  # fmt: skip
    return replace(SHIPPED, version=word,
                   shapes={**SHIPPED.shapes, "still.ttl": still, "keep.ttl": keep})  # fmt: skip


def world(random: Random) -> tuple[Snapshot, Table, Table]:
    """Facts, movements and stock; places lie in regions, upwards and once in a circle."""
    tables = random_tables(random)
    above = {"north": "valley", "valley": "country", "country": "valley", "south": "country"}
    places = [Location(p, part_of=above.get(p), region="coast" if p == "café" else "")
              for p in (*PLACES[: random.randint(2, 4)], "valley", "country")]  # fmt: skip
    tables["Location"] = table_of(places, "Location").sorted()
    return Snapshot(1, tables), random_movements(random, 40), random_stock_after(random)


def parts(random: Random) -> Iterator[Part]:
    """Some parts, among them canaries and some that cover the same."""
    for n in range(random.randint(1, 3)):
        release = random.choice([looser(f"l{n}"), stricter(f"s{n}")])
        regions = random.choice([(), ("valley",), ("country",), ("coast", "south"), ("nowhere",)])
        families = random.choice([(), ("food",), FAMILIES[1:]])
        share = random.choice([100, 100, 40])
        yield Part(release, regions, families, share, "salt", is_canary=random.random() < 0.4)


REGIONS = {"north": {"north", "valley", "country"}, "south": {"south", "country", "valley"},
           "café": {"café", "coast"}, "plant 1": {"plant 1"}}  # fmt: skip


def judges(release: Release, item: str, place: str, snapshot: Snapshot) -> list[Release]:
    """By hand: who judges an item at a place."""
    items = snapshot.table("Item")
    family = dict(zip(items["id"].tolist(), items["family"].tolist(), strict=True)).get(item, "")
    known = snapshot.table("Location")["id"].tolist()
    lies = REGIONS[place] if place in known else {place}
    mine = [part for part in release.parts
            if (not part.regions or lies & set(part.regions))
            and (not part.families or family in part.families)
            and share_of(item, place, part.salt) < part.share_percent]  # fmt: skip
    if canary := [part.release for part in mine if part.is_canary]:
        return canary[:1]
    return [part.release for part in mine] or [release.whole]


@pytest.mark.parametrize("seed", range(12))
def test_each_row_is_judged_by_the_release_of_its_part(seed: int) -> None:
    """The same rows, judged one by one by the release that a reader of the scope would take."""
    random = Random(seed)
    snapshot, movements, stock = world(random)
    release = composed(SHIPPED, parts(random))
    found = decide(release, snapshot, movements, stock)
    alone = {one.digest: decide(one, snapshot, movements, stock)
             for one in (SHIPPED, *(part.release for part in release.parts))}  # fmt: skip
    ends = (movements[name].tolist() for name in ("destination", "origin"))
    places = [to or at for to, at in zip(*ends, strict=True)]
    rules = {rule for verdict in alone.values() for rule in (*verdict.closed, *verdict.floors)}
    for row, (item, place) in enumerate(zip(movements["item"].tolist(), places, strict=True)):
        mine = [alone[one.digest] for one in judges(release, item, place or "", snapshot)]
        for name in ("closed", "warned", "recorded"):
            expected = {rule for one in mine for rule, rows in getattr(one, name).items()
                        if row in rows}  # fmt: skip
            assert expected == {r for r, rows in getattr(found, name).items() if row in rows}
    pairs = zip(stock["item"].tolist(), stock["location"].tolist(), strict=True)
    for row, (item, place) in enumerate(pairs):
        mine = [alone[one.digest] for one in judges(release, item, place, snapshot)]
        for rule in rules:
            least = max(int(one.floors[rule][row]) if rule in one.floors else 0 for one in mine)
            assert least == (int(found.floors[rule][row]) if rule in found.floors else 0)


@pytest.mark.parametrize("seed", range(6))
def test_what_belongs_to_a_part_is_what_it_judges(seed: int) -> None:
    """Told of an item and a place as of a row, and of several where it is so of any."""
    random = Random(seed)
    snapshot, _, stock = world(random)
    pairs = list(zip(stock["item"].tolist(), stock["location"].tolist(), strict=True))
    for part in parts(random):
        (_, _), (_, mine) = judges_of(composed(SHIPPED, [part]), snapshot, stock, ("location",))
        assert mine.tolist() == [belongs(part, snapshot, [pair]) for pair in pairs]
        assert bool(mine.any()) == belongs(part, snapshot, pairs)


def test_editing_one_region_changes_only_its_movements() -> None:
    for seed in range(6):
        snapshot, movements, stock = world(Random(seed))
        before = decide(composed(SHIPPED, [Part(looser("1"), ("coast",))]), snapshot, movements,
                        stock)  # fmt: skip
        after = decide(composed(SHIPPED, [Part(stricter("1"), ("coast",))]), snapshot, movements,
                       stock)  # fmt: skip
        ends = (movements[name].tolist() for name in ("destination", "origin"))
        places = [to or at for to, at in zip(*ends, strict=True)]
        for row, place in enumerate(places):
            if place not in ("café", "coast"):
                assert before.rules_of(row) == after.rules_of(row)


def test_the_document_is_read_back_and_its_order_is_one() -> None:
    some = [
        Part(looser("1"), ("north",)),
        Part(stricter("2"), (), ("food",), 10, "s", is_canary=True),
    ]
    release = composed(SHIPPED, some)
    again = from_document(release.to_document())
    assert (release.digest, release) == (again.digest, again)
    assert release.digest == composed(release, reversed(some)).digest
    assert release.digest != SHIPPED.digest
    assert release.named != composed(SHIPPED, some[:1]).named
    assert RULE + "still" in {rule.iri for rule in release.rules}
    assert release.compiled == SHIPPED.compiled
    broken = release.to_document()
    broken["parts"][0]["regions"] = "north"
    for document in (broken, {**release.to_document(), "parts": []},
                     {**release.to_document(), "parts": [1]}):  # fmt: skip
        with pytest.raises(InputError) as refused:
            from_document(document)
        assert refused.value.code == "RELEASE_BAD"


def test_a_part_that_differs_in_what_only_the_whole_decides_is_named() -> None:
    assert strays(SHIPPED, stricter("1")) == ()
    assert strays(SHIPPED, looser("1", "location-limits.ttl")) != ()
    knobs = replace(SHIPPED, knobs={**SHIPPED.knobs, "rounds": 1})
    assert strays(SHIPPED, knobs) == ("rounds",)


def test_a_share_is_stable_and_as_large_as_it_says() -> None:
    """Of 4,000 pairs 30 percent within 4 standard errors; another salt chooses others."""
    pairs = [(f"item {n}", f"place {m}") for n in range(200) for m in range(20)]
    chosen = {pair for pair in pairs if share_of(*pair, "salt") < SHARE.share_percent}
    assert abs(len(chosen) - 1200) < 4 * 29
    assert chosen != {pair for pair in pairs if share_of(*pair, "other") < SHARE.share_percent}
    assert 35 == share_of(ITEMS[0], PLACES[0], "s")
