"""The frontier over GraphQL: the points that the service finds, as exact numbers."""

from api.graphql.weighing import MOST_POINTS
from ontology.objectives import LANDED, SERVICE
from service.decision import PlanRequest
from service.frontier import frontier
from service.house import House
from tests.api.conftest import CHAIN, Ask

QUERY = """{ frontier(chain: "two_hubs", first: SERVICE, second: LANDED,
  points: 1000) { points { plan label serviceMicros landedMicros turnoverMicros carbonGrams
  cost bound lines servicePerMille landedPerMille } dominated repeated currency } }"""


def test_the_points_are_those_of_the_service(ask: Ask, house: House) -> None:
    """Every amount, digest and proof is what the service says; points are limited."""
    found = ask(QUERY)["frontier"]
    snapshot = house.reader.read(CHAIN)
    expected = frontier(snapshot, house.shipped, PlanRequest(CHAIN), (SERVICE, LANDED), MOST_POINTS)
    assert [point.plan for point in expected.points] == [row["plan"] for row in found["points"]]
    assert MOST_POINTS == len(found["points"]) + found["dominated"] + found["repeated"]
    for point, row in zip(expected.points, found["points"], strict=True):
        stated = point.parts.stated()
        assert stated["service_micros"] == row["serviceMicros"]
        assert stated["landed_micros"] == row["landedMicros"]
        assert stated["turnover_micros"] == row["turnoverMicros"]
        assert stated["carbon_grams"] == row["carbonGrams"]
        assert (point.cost_scaled, point.bound_scaled) == (row["cost"], row["bound"])
        assert point.weights.landed_per_mille == row["landedPerMille"]
        assert point.label == row["label"]
