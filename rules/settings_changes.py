"""What differs between two releases beside their rules: knobs, and policies written in TOML."""

from collections.abc import Iterator, Mapping
from typing import Any

from rules.knobs import Knob
from rules.release import Release

Change = tuple[str, str, str]
"""Of what kind, about what, and a sentence."""


def knob_changes(old: Release, new: Release) -> Iterator[Change]:
    """Knobs that are new, gone, set otherwise or mean something else; titles and units in words."""
    for name in sorted({*old.knobs, *new.knobs}):
        title = _title(name, new if name in new.definitions else old)
        if name not in new.knobs:
            yield "knob removed", name, f"{title}: no longer set (was {_set_to(name, old)})"
        elif name not in old.knobs:
            yield "knob added", name, f"{title}: {_set_to(name, new)}"
        else:
            if old.knobs[name] != new.knobs[name]:
                was = _number(old.knobs[name])
                what = f"{title}: {_set_to(name, new)} instead of {was}"
                yield "knob set", name, what
            yield from _redefined(name, title, old.definitions.get(name), new.definitions.get(name))


def _redefined(name: str, title: str, old: Knob | None, new: Knob | None) -> Iterator[Change]:
    """What a knob means now; that an old document did not say it is no difference."""
    if old is None or new is None or old == new:
        return
    if old.title != new.title:
        yield "knob defined", name, f"{title}: before, it was titled `{old.title}`"
    if old.unit != new.unit:
        yield "knob defined", name, f"{title}: in {new.unit}, not in {old.unit}"
    if (old.least, old.most) != (new.least, new.most):
        yield "knob defined", name, f"{title}: may be {new.range}, before {old.range}"


def _title(name: str, release: Release) -> str:
    return release.definitions[name].title if name in release.definitions else name


def _set_to(name: str, release: Release) -> str:
    unit = release.definitions[name].unit if name in release.definitions else ""
    return f"{_number(release.knobs[name])} {unit}".strip()


def _number(value: int | str) -> str:
    return f"{value:,}" if isinstance(value, int) else value


def policy_changes(old: Release, new: Release) -> Iterator[Change]:
    """Entries of the further texts that are new, gone or say something else; layout is nothing."""
    for file in sorted({*old.policies, *new.policies}):
        yield from (
            ("policy", file, f"{file}: {what}")
            for what in _entries("", old.policy(file), new.policy(file))
        )


def _entries(name: str, old: Any, new: Any) -> Iterator[str]:
    if old == new and type(old) is type(new):
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            yield from _entries(_inside(name, key), old.get(key), new.get(key))
    elif _is_rows(old) and _is_rows(new):
        yield from _rows(name, old, new)
    elif old is None:
        yield f"{name} is now {_word(new)}"
    elif new is None:
        yield f"{name} is gone (was {_word(old)})"
    else:
        yield f"{name} is {_word(new)} instead of {_word(old)}"


def _rows(name: str, old: list[Any], new: list[Any]) -> Iterator[str]:
    """Rows that are in one list alone, told one by one; those that have a name by their entries."""
    left = [row for row in old if row not in new]
    came = [row for row in new if row not in old]
    for row in list(left):
        same = next((each for each in came if _name(row) and _name(each) == _name(row)), None)
        if same is not None:
            left.remove(row)
            came.remove(same)
            yield from _entries(f"{name} `{_name(row)}`", row, same)
    yield from (f"{name}: no longer {_word(row)}" for row in left)
    yield from (f"{name}: now also {_word(row)}" for row in came)
    if all(row in old for row in new) and all(row in new for row in old):
        yield f"{name}: in another order"


def _name(row: Mapping[str, Any]) -> str:
    return str(row.get("name") or row.get("id") or "")


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, Mapping) for each in value)


def _inside(name: str, key: str) -> str:
    return f"{name}.{key}" if name else key


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_word(each)}" for key, each in sorted(value.items())) or "empty"
    if isinstance(value, list):
        return " and ".join(map(_word, value)) or "empty"
    return str(value)
