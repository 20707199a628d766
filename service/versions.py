"""What a decision is made with: versions of what computes, and the processor that it runs on."""

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from service import VERSION

LIBRARIES = ("numpy", "numba", "ortools", "pylmcf")
PROCESSOR = "processor"


@cache
def running_versions() -> dict[str, str]:
    """Names and versions as a plan's `about.versions` records them.

    `processor` is the kind of machine and the vector instructions that numpy found on it: with
    others, sums of fractions may round otherwise.
    """
    found = {"evenkeel": VERSION, "python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found | {PROCESSOR: _processor()}


def _processor() -> str:
    told = np.show_config(mode="dicts")
    vectors = told.get("SIMD Extensions", {}).get("found", ()) if told else ()
    return " ".join((platform.machine(), *vectors))
