"""Maps of which versions share their entries are what dicts are that are copied each time."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from governance.growing import BLOCK, Growing

puts = st.lists(
    st.tuples(st.integers(0, 9), st.text("abcdef", min_size=1, max_size=2)), max_size=3 * BLOCK
)
"""From which of the last versions to go on, and which key to put."""


@given(puts)
def test_every_version_is_the_dict_that_it_would_be(steps: list[tuple[int, str]]) -> None:
    """Also where several go on from one, and whatever came after: values and order."""
    versions: list[tuple[Growing[str, int], dict[str, int]]] = [(Growing(), {})]
    for number, (back, key) in enumerate(steps):
        mine, plain = versions[-1 - back % len(versions)]
        versions.append((mine.put(key, number), {**plain, key: number}))
    for mine, plain in versions:
        assert list(plain.items()) == list(mine.items())
        assert mine == plain
        assert len(plain) == len(mine)
        assert {key: plain.get(key) for _, key in steps} == {key: mine.get(key) for _, key in steps}


@given(st.lists(st.tuples(st.text("abc", max_size=2), st.integers())))
def test_what_it_begins_with_is_as_in_a_dict(entries: list[tuple[str, int]]) -> None:
    assert list(dict(entries).items()) == list(Growing(entries).items())


def test_many_go_on_from_one_at_once() -> None:
    """Threads that put other keys at the same place disturb neither each other nor the first."""
    base: Growing[str, int] = Growing((f"key {n}", n) for n in range(BLOCK + 1))

    def grown(thread: int) -> Growing[str, int]:
        found = base
        for n in range(200):
            found = found.put(f"{thread} {n}", n)
        return found

    def expected(thread: int) -> dict[str, Any]:
        return {**dict(base), **{f"{thread} {n}": n for n in range(200)}}

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(grown, range(8)))
    assert [expected(thread) for thread in range(8)] == found
    assert BLOCK + 1 == len(base)
