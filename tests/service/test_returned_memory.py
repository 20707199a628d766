"""What a delivery took does not stay with the process that loaded it."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(sys.platform != "linux", reason="the memory of a process is read from /proc")
def test_large_columns_are_given_back() -> None:
    """Large columns that came between small ones which stay are free when they are let go."""
    code = (
        "import numpy as np\n"
        "from service.returned_memory import return_large_columns\n"
        "def held(): return int(open('/proc/self/statm').read().split()[1]) * 4096\n"
        "return_large_columns()\n"
        "np.ones(2**21)\n"  # the library learns that even so large an array comes and goes
        "before = held()\n"
        "pairs = [(np.ones(2**17), np.ones(2**10)) for _ in range(100)]\n"
        "small = [pair[1] for pair in pairs]\n"
        "del pairs\n"
        "print(held() - before < 2**23)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert "True\n" == done.stdout
