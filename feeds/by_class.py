"""The simplest mapping: a file per class of the vocabulary, a column per field."""

import re

from feeds.mapping import FED, FileRule, RecordRule


def files_by_class(line: int) -> tuple[FileRule, ...]:
    """A rule for each class that a feed may fill; every file is optional."""
    return tuple(
        FileRule(file_of(name), RecordRule(name, (), by_header=True, line=line), optional=True)
        for name in sorted(FED)
    )


def file_of(name: str) -> str:
    """The file of a class: `StockingPolicy` -> `stocking_policies.csv`."""
    words = re.sub("(?<!^)(?=[A-Z])", "_", name).lower()
    if re.search("[^aeiou]y$", words):
        return words[:-1] + "ies.csv"
    return words + ("es.csv" if re.search("(s|x|ch|sh)$", words) else "s.csv")
