"""The simplest mapping: a file per class of the vocabulary, a column per field."""

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePath

from feeds.formats.blocks import FORMAT_OF_ENDING
from feeds.mapping import FED, NODES_STATE, RDF, FileRule, RecordRule

_DOCUMENTS = ("facts.ttl", "facts.nt", "facts.jsonld")
"""The file of facts of every class, in the words of the vocabulary."""


def files_by_class(line: int) -> tuple[FileRule, ...]:
    """A rule for each class that a feed may fill; every file is optional."""
    return tuple(
        FileRule(file_of(name), RecordRule(name, (), by_header=True, line=line), optional=True)
        for name in sorted(FED)
    )


def in_any_format(rules: Iterable[FileRule]) -> tuple[FileRule, ...]:
    """The rules once for each ending by which their files may be written, and those of RDF."""
    tables = tuple(
        replace(rule, file=str(PurePath(rule.file).with_suffix(ending)), format=written)
        for rule in rules
        for ending, written in FORMAT_OF_ENDING.items()
    )
    record = RecordRule(NODES_STATE, (), by_header=True)
    return (*tables, *(FileRule(f, record, optional=True, format=RDF) for f in _DOCUMENTS))


def file_of(name: str) -> str:
    """The file of a class: `StockingPolicy` -> `stocking_policies.csv`."""
    words = re.sub("(?<!^)(?=[A-Z])", "_", name).lower()
    if re.search("[^aeiou]y$", words):
        return words[:-1] + "ies.csv"
    return words + ("es.csv" if re.search("(s|x|ch|sh)$", words) else "s.csv")
