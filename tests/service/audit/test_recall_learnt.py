"""A wrong observation of demand: decisive for no line, and behind the forecasts learnt from it."""

from graph.fact_readers import Chosen
from service.audit.recall import Learnt, recall_fact
from service.forecast import make_forecast
from service.house import House
from tests.service.test_forecast import CHAIN, DAYS, demand, house, load, network

__all__ = ["house"]  # the fixture

OBSERVED = f"{CHAIN}/DemandObservation/bolt/north"


def test_an_observation_leads_to_the_forecasts_learnt_from_it(house: House) -> None:
    """Those of its item and place that were learnt when it was known; of an event, from then on."""
    load(house, demand(DAYS - 7), *network())
    day = str(house.facts(CHAIN).table("DemandObservation")["on"][0])
    none = recall_fact(house, f"{OBSERVED}/{day}")
    assert ((), ()) == (none.learnt, none.plans)
    first = make_forecast(house, CHAIN).event.sequence
    seen = int(house.facts(CHAIN).addresses["DemandObservation"][:, 0].max())
    uri = f"{CHAIN}/DemandForecast/bolt/north"
    assert (Learnt(uri, first),) == recall_fact(house, f"{OBSERVED}/{day}").learnt
    assert (Learnt(uri, first),) == recall_fact(house, f"{OBSERVED}/{day}", Chosen(seen)).learnt
    assert () == recall_fact(house, f"{OBSERVED}/{day}", Chosen(seen + 1)).learnt
    assert () == recall_fact(house, f"{CHAIN}/DemandObservation/none/north/{day}").learnt
