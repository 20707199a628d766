"""Prices of rules: of every rule that acts, of nothing else, and never below zero."""

import pytest

from ontology.columns import Snapshot
from ontology.errors import InputError
from rules.release import default_release
from service.decision import Draft, PlanRequest
from service.planning import draft_plan
from service.price import price_of_rule, rules_that_act
from solver.filters import KNOB
from tests.service.small_chains import fixed_cost_chain
