"""A report blocks by severity, never by SHACL's own `conforms`."""

import pytest

from ontology.findings import SEVERITIES, Finding, Report


@pytest.mark.parametrize("severity", SEVERITIES)
def test_only_a_violation_blocks(severity: str) -> None:
    """A warning goes to a person and an info is recorded; neither blocks."""
    finding = Finding("n", "p", "v", "sh:MinInclusive", severity, "s")
    assert (severity == "Violation") == Report((finding,)).blocks


def test_an_empty_report_blocks_nothing() -> None:
    """Nothing found, nothing blocked."""
    assert not Report(()).blocks
