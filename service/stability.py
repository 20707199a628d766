"""The least change: of all plans within a band of the best one that nearest to the one before."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from math import isqrt
from typing import Any

import numpy as np

from graph.artifacts import ArtifactStore
from ontology.columns import Table
from ontology.edits import Bounds
from ontology.errors import InputError
from ontology.steadiness import LineBefore, Steady
from service.decision import Question, claims_for
from service.recalled import recall
from service.rounds import Settled, Solve, joined, look_at
from solver.carry_labels import CarryLabels
from solver.filters import KNOB
from solver.lines import moved_units
from solver.problem import Problem
from solver.steady import Ways, held, most_price, priced, ways_of, with_fixed

BAND, FROZEN = "stability_band_per_million", "frozen_days"
PROBES = 8
"""So many prices are tried between none and the most: each is a plan of its own."""

MILLION = 10**6
