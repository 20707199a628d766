"""What a validation found: the fields of a SHACL validation result, and nothing bare."""

from dataclasses import dataclass

SEVERITIES = ("Violation", "Warning", "Info")
"""Severity is the disposition: block, send to a person, record."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One SHACL validation result; node fields are IRIs, literals or blank node labels."""

    focus_node: str
    result_path: str
    value: str
    component: str
    severity: str
    source_shape: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """All findings of one validation, sorted, and how many nodes each shape looked at."""

    findings: tuple[Finding, ...]
    focus_counts: tuple[tuple[str, int], ...] = ()

    @property
    def blocks(self) -> bool:
        """Whether any finding is a Violation. (SHACL's `conforms` is false for Info, too.)"""
        return any(finding.severity == "Violation" for finding in self.findings)
