"""The digest of a network: every number of every column, by a written sequence of bytes."""

from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest

from solver.network.columns import DIGEST_ROWS, Network, bare_network

LEAST, MOST = -(2**63), 2**63 - 1


def written(network: Network) -> bytes:
    """What is digested, number by number in Python integers."""
    text = f"evenkeel network 2\n{network.cost_scale}\n".encode()
    for name, column in network.arrays().items():
        text += f"{name} {len(column)}\n".encode()
        for start in range(0, len(column), DIGEST_ROWS):
            rows = column[start : start + DIGEST_ROWS].tolist()
            least, most = min(rows), max(rows)
            width = next(size for size in (0, 1, 2, 4, 8) if most - least < 256**size)
            text += f"{least} {width}\n".encode()
            text += b"".join((row - least).to_bytes(width, "little") for row in rows)
    return text


def test_the_bytes_on_paper() -> None:
    """Law 8: two arcs are digested as these bytes, on every machine."""
    network = bare_network([0, 1], [1, 2], [700, 5], [-3, -4], [5, 0, -5])
    text = (
        b"evenkeel network 2\n1\ntail 2\n0 1\n\x00\x01head 2\n1 1\n\x00\x01lower 2\n0 0\n"
        b"capacity 2\n5 2\n\xb7\x02\x00\x00cost 2\n-4 1\n\x01\x00kind 0\nreference 0\n"
        b"supply 3\n-5 1\n\x0a\x05\x00"
    )
    assert sha256(text).hexdigest() == network.digest


@pytest.mark.parametrize("bits", [1, 8, 9, 16, 17, 32, 33, 63, 64])
def test_numbers_of_every_size_are_written_in_full(bits: int) -> None:
    """Law 8: spans of a width and one more, up to both ends of 64 bits, over several blocks."""
    draw = np.random.default_rng(bits)
    for count in (1, 2, DIGEST_ROWS, DIGEST_ROWS + 1):
        least = int(draw.integers(LEAST, MOST - 2**bits + 1, endpoint=True))
        columns = draw.integers(least, least + 2**bits - 1, (6, count), endpoint=True)
        columns[:, 0], columns[:, -1] = least, least + 2**bits - 1
        network = Network(*columns, cost_scale=7)
        assert sha256(written(network)).hexdigest() == network.digest


def test_every_number_counts() -> None:
    """Law 2: no two networks share a digest: a number changed, moved, added or taken away."""
    base = np.arange(2 * DIGEST_ROWS + 2)
    constant = np.full_like(base, 3)
    network = Network(
        base, base + 1, constant, base % 3, base - 9, constant, kind=constant, reference=-base
    )
    others = [network, replace(network, cost_scale=2)]
    for name, column in network.arrays().items():
        for place in (0, DIGEST_ROWS - 1, DIGEST_ROWS, len(column) - 1):
            for number in (column[place] + 3, column[place] + 256, LEAST, MOST):
                changed = column.copy()
                changed[place] = number
                others.append(replace(network, **{name: changed}))
        moved = (column + 5, np.roll(base - 7, 1), column[:-1], np.append(column, 0), column[:0])
        others += [replace(network, **{name: values}) for values in moved]
    assert len(others) == len({other.digest for other in others})


def test_what_stands_in_memory_is_no_input() -> None:
    """Law 8: a view of every second number has the digest of its copy."""
    rows = np.arange(40)
    of_views = Network(*(rows[::2] for _ in range(6)))
    assert Network(*(rows[::2].copy() for _ in range(6))).digest == of_views.digest
