"""Releases beside the shipped one: without a file of rules, with a text changed, with a knob."""

from dataclasses import replace

from rules.release import Release, default_release

RELEASE = default_release()
RULE = "https://w3id.org/evenkeel/rule/"


def without(*files: str) -> Release:
    """The shipped release without the rules of some files."""
    shapes = {name: text for name, text in RELEASE.shapes.items() if name not in files}
    assert len(shapes) == len(RELEASE.shapes) - len(files)
    return replace(RELEASE, version="tried", shapes=shapes)


def with_text(file: str, before: str, after: str) -> Release:
    """The shipped release with a text of a file in place of another."""
    assert before in RELEASE.shapes[file]
    shapes = {**RELEASE.shapes, file: RELEASE.shapes[file].replace(before, after)}
    return replace(RELEASE, version="tried", shapes=shapes)


def with_shapes(file: str, text: str) -> Release:
    """The shipped release with one more file of rules."""
    return replace(RELEASE, version="tried", shapes={**RELEASE.shapes, file: text})
