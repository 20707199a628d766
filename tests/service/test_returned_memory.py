"""What a delivery or a long call took does not stay with the process."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the memory of a process is read from /proc"
)
BEGIN = """
import numpy as np
from service.returned_memory import give_back, return_large_columns
def held(): return int(open('/proc/self/statm').read().split()[1]) * 4096
"""
LARGE = """
return_large_columns()
np.ones(2**21)  # the library learns that even so large an array comes and goes
before = held()
pairs = [(np.ones(2**17), np.ones(2**10)) for _ in range(100)]
small = [pair[1] for pair in pairs]
del pairs
print(held() - before < 2**23)
"""
FREE = """
return_large_columns()
arrays = [np.ones(2**13) for _ in range(1_000)]
last = arrays.pop()  # what lies behind the others keeps the heap from shrinking by itself
del arrays
before = held()
give_back()
print(before - held() > 2**25)
"""


@pytest.mark.parametrize("code", [LARGE, FREE])
def test_what_is_let_go_of_is_given_back(code: str) -> None:
    """Large columns that came between small ones at once; what is free in between when asked."""
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + code], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert "True\n" == done.stdout
