"""Fitting a link to the fields of its record: what it may stand for, and where it is read."""

from dataclasses import replace

from feeds.facts.cells import Text
from feeds.facts.record_fields import FieldSpec
from feeds.mapping import FieldRule
from feeds.row_links import Link, columns_of
from feeds.yaml_nodes import Block
from ontology.vocabulary import RECORDS


def with_links(
    name: str, rules: tuple[FieldRule, ...], specs: dict[str, FieldSpec], stated: dict[str, Block]
) -> tuple[FieldRule, ...]:
    """The rules of a record, with each link made known to the number and word beside it.

    Raises InputError at the link's line where it refers to another class, captures no
    identity, or where number and word are not optional fields of the same column.
    """
    done = {rule.field: rule for rule in rules}
    for rule in rules:
        if rule.link is None:
            continue
        block = stated[rule.field]
        link = _keyed(name, rule.link, done, specs, block)
        _check_beside(link, done, specs, block)
        done[rule.field] = replace(rule, link=link, columns=(link.column, *link.same))
        for field in (link.number, link.word):
            done[field] = replace(done[field], link=link)
    return tuple(done[rule.field] for rule in rules)


def _keyed(
    name: str, link: Link, rules: dict[str, FieldRule], specs: dict[str, FieldSpec], block: Block
) -> Link:
    key = RECORDS[name].KEY[0]
    if specs[link.field].kind.refers_to != name:
        block.refuse(f"field `{link.field}` does not refer to another {name}")
    read = rules[key]
    if len(read.columns) != 1 or read.template or read.convert != Text(identity=True):
        block.refuse(f"a link needs `{key}` to be the plain text of one column")
    if read.columns[0] not in columns_of(link.pattern):
        block.refuse(f"the pattern does not hold `{{{read.columns[0]}}}`, which is the identity")
    return replace(link, key=read.columns[0])


def _check_beside(
    link: Link, rules: dict[str, FieldRule], specs: dict[str, FieldSpec], block: Block
) -> None:
    for field, scalar in ((link.number, int), (link.word, str)):
        rule = rules.get(field)
        if rule is None or rule.columns != (link.column,) or rule.link is not None:
            block.refuse(f"`{field}` is not a field that reads the column `{link.column}`")
        if specs[field].kind.scalar is not scalar or specs[field].required:
            block.refuse(f"`{field}` is not an optional field of the kind that a link needs")
    if specs[link.number].default is not None:
        block.refuse(f"`{link.number}` cannot say that a number is not stated")
