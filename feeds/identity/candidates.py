"""Candidate matches between a source's identifiers and ours: evidence for a person, no verdict."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from feeds.identity.likeness import gs1_number, look_alike, name_percent, numbers_of, words_of
from feeds.refusals import shown
from ontology.columns import MISSING, Snapshot, Table
from ontology.terms import field_kinds
from ontology.vocabulary import FACTS, RECORDS

NUMBER_POINTS, NAME_POINTS, ATTRIBUTE_POINTS, COMPANY_POINTS = 500, 300, 100, 100
"""What each kind of evidence is worth at most; together 1,000."""

RARE_WORDS = 3
"""Records meet where they share one of so many of their rarest words."""
MOST_IN_BLOCK = 50
"""Where more records than so many share a word, the word says nothing: it is left out."""
NOT_ATTRIBUTES = frozenset({"id", "name", "gln", "gtin", "status", "base_unit", "currency", "kind"})
"""Fields that say who it is, or what nearly all share."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason for a match: `kind` is `number`, `name`, `attributes` or `company`."""

    kind: str
    points: int
    said: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """An identifier of a source that may stand for one of ours; a person accepts it or does not.

    `points` (0 to 1,000) is the sum of the evidence; `cautions` say what speaks against it.
    """

    class_name: str
    external_id: str
    own_id: str
    points: int
    evidence: tuple[Evidence, ...]
    cautions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposed:
    """Candidates, the best first, and the work done: pairs compared, words too frequent to use."""

    candidates: tuple[Candidate, ...]
    compared_pairs: int
    frequent_words: int


@dataclass(frozen=True)
class Records:
    """The records of a class on one side, by identifier, with what they are seen together with."""

    class_name: str
    tables: Mapping[str, Table]

    @cached_property
    def rows(self) -> dict[str, dict[str, object]]:
        """What each record states, by identifier and field."""
        table = self.tables.get(self.class_name)
        if table is None:
            return {}
        kinds = field_kinds(RECORDS[self.class_name])
        names = [name for name, kind in kinds.items() if not kind.many]
        cells = zip(*(table[name].tolist() for name in names), strict=True)
        records = [dict(zip(names, row, strict=True)) for row in cells]
        return {str(record["id"]): record for record in records}

    @cached_property
    def numbers(self) -> dict[str, set[str]]:
        """The GTINs and GLNs of each record, as they are written."""
        found: dict[str, set[str]] = defaultdict(set)
        for key, record in self.rows.items():
            found[key] |= {str(record.get(name) or "") for name in ("id", "gln")}
        packs = self.tables.get("UnitConversion")
        if self.class_name == "Item" and packs is not None:
            for item, text in zip(packs["item"].tolist(), packs["gtin"].tolist(), strict=True):
                found[item].add(text)
        return {key: {gs1_number(text) for text in texts} - {""} for key, texts in found.items()}

    @cached_property
    def company(self) -> dict[str, set[tuple[str, str]]]:
        """What facts name each record together with: items of a supplier, places of an item."""
        found: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for name, table in self.tables.items():
            kinds = field_kinds(RECORDS[name]).values() if name in FACTS else ()
            mine = [kind.name for kind in kinds if kind.refers_to == self.class_name]
            others = [kind for kind in kinds
                      if kind.refers_to not in ("", self.class_name) and not kind.many]  # fmt: skip
            for column in mine[:1]:
                for other in others:
                    pairs = zip(table[column].tolist(), table[other.name].tolist(), strict=True)
                    for key, value in set(pairs):
                        if key is not None and value is not None:
                            found[key].add((other.refers_to, value))
        return found

    def name(self, key: str) -> str:
        """What a person calls the record."""
        return str(self.rows[key].get("name") or key)


def propose(
    class_name: str, theirs: Mapping[str, Table], ours: Snapshot, *, decided: Iterable[str] = (),
    least_points: int = 200, most: int = 5,
) -> Proposed:  # fmt: skip
    """For each record of theirs that is not ours by identifier, the best few of ours.

    `decided` are external ids that a person linked before. Records are compared where they share
    a GS1 number, a number up to zeros and check digit, or a rare word of their names, so the work
    grows with the records and not with their square. Company counts where both sides name it
    alike. Where theirs is ours, records are held against each other.
    """
    mine, yours = Records(class_name, theirs), Records(class_name, ours.tables)
    known = set(decided)
    asked = [key for key in mine.rows if key not in known]
    is_one = theirs.get(class_name) is ours.tables.get(class_name)
    fresh = asked if is_one else [key for key in asked if key not in yours.rows]
    pairs, frequent = _blocked(mine, fresh, yours)
    found = [_candidate(mine, yours, *pair) for pair in pairs
             if not is_one or pair[0] < pair[1]]  # fmt: skip
    best = sorted((c for c in found if c.points >= least_points), key=_rank)
    taken: Counter[str] = Counter()
    chosen = []
    for candidate in best:
        taken[candidate.external_id] += 1
        if taken[candidate.external_id] <= most:
            chosen.append(candidate)
    return Proposed(tuple(chosen), len(found), frequent)


def _rank(candidate: Candidate) -> tuple[int, str, str]:
    return -candidate.points, candidate.external_id, candidate.own_id


def _blocked(
    mine: Records, fresh: Sequence[str], yours: Records
) -> tuple[list[tuple[str, str]], int]:
    """The pairs of records that share a block, each once, and how many blocks were too large."""
    often = Counter(word for records in (mine, yours) for key in records.rows
                    for word in set(words_of(records.name(key))))  # fmt: skip
    blocks: dict[tuple[str, str], list[str]] = defaultdict(list)
    for key in yours.rows:
        for block in _blocks(yours, key, often):
            blocks[block].append(key)
    pairs: dict[tuple[str, str], None] = {}
    frequent: set[tuple[str, str]] = set()
    for key in fresh:
        for block in _blocks(mine, key, often):
            others = blocks.get(block, [])
            if len(others) > MOST_IN_BLOCK:
                frequent.add(block)
                continue
            pairs.update(((key, other), None) for other in others if other != key)
    return list(pairs), len(frequent)


def _blocks(records: Records, key: str, often: Counter[str]) -> list[tuple[str, str]]:
    words = sorted(set(words_of(records.name(key))), key=lambda word: (often[word], word))
    found = [("word", word) for word in words[:RARE_WORDS]]
    found += [("start", "".join(words_of(records.name(key)))[:6])]
    found += [("gs1", number) for number in records.numbers.get(key, ())]
    digits = key.lstrip("0")
    if digits.isascii() and digits.isdigit() and len(digits) > 2:
        # a number meets itself with other zeros, without its check digit and with another one
        found += [("digits", digits), ("digits", digits[:-1])]
    return found


def _candidate(mine: Records, yours: Records, external: str, own: str) -> Candidate:
    name, other = mine.name(external), yours.name(own)
    evidence, cautions = [], []
    shared = mine.numbers.get(external, set()) & yours.numbers.get(own, set())
    if shared:
        evidence.append(Evidence("number", NUMBER_POINTS, f"both have {shown(min(shared))}"))
    alike = name_percent(name, other)
    points = NAME_POINTS * alike // 100
    one, two = numbers_of(name) - numbers_of(other), numbers_of(other) - numbers_of(name)
    if one or two:
        points //= 4
        cautions.append(f"the names differ in a number: {_listed(one)} and {_listed(two)}")
    if points:
        evidence.append(Evidence("name", points, f"names alike by {alike} %"))
    cautions += filter(None, [look_alike(external, own)])
    for found, caution in (_attributes(mine.rows[external], yours.rows[own]),
                           _company(mine.company[external], yours.company[own])):  # fmt: skip
        evidence += [found] if found.points else []
        cautions += filter(None, [caution])
    total = sum(each.points for each in evidence)
    return Candidate(mine.class_name, external, own, total, tuple(evidence), tuple(cautions))


def _listed(numbers: Counter[str]) -> str:
    return ", ".join(f"`{number}`" for number in sorted(numbers)) or "none"


def _attributes(one: dict[str, object], other: dict[str, object]) -> tuple[Evidence, str]:
    """Fields that both state: the share that is equal, and those that are not."""
    both = [name for name in one.keys() & other.keys() - NOT_ATTRIBUTES
            if _is_stated(one[name]) and _is_stated(other[name])]  # fmt: skip
    same = sorted(name for name in both if one[name] == other[name])
    differ = sorted(set(both) - set(same))
    points = ATTRIBUTE_POINTS * len(same) // len(both) if both else 0
    caution = f"they differ in {', '.join(differ)}" if differ else ""
    return Evidence("attributes", points, f"the same {', '.join(same)}"), caution


def _is_stated(value: object) -> bool:
    return value not in (None, "", MISSING, False)


def _company(one: set[tuple[str, str]], other: set[tuple[str, str]]) -> tuple[Evidence, str]:
    """What both are named with, in percent of what either is (Jaccard)."""
    both, either = one & other, one | other
    if not either:
        return Evidence("company", 0, ""), ""
    said = f"named with {len(both)} of the same {len(either)} things"
    return Evidence("company", COMPANY_POINTS * len(both) // len(either), said), ""
