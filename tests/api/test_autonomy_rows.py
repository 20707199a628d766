"""Law: who reads the levels is told for which chains a level of all of them holds."""

from api.commands.autonomy import rows, told
from governance import autonomous
from governance.autonomy import OBSERVE, SUGGEST
from governance.scopes import EVERYWHERE
from tests.governance.test_later_chains import raised
from tests.governance.test_releases import BEN, Board


def test_a_level_of_all_chains_names_those_of_then() -> None:
    made = Board()
    raised(made, EVERYWHERE, SUGGEST, ("coast", "alps"))
    found = made.state.autonomy.told()
    assert ["all chains (of then: alps, coast)"] == [words for words, _ in rows(found)]
    assert [["alps", "coast"]] == [told(*each)["chains"] for each in found]
    made.does(autonomous.lower, BEN, EVERYWHERE, OBSERVE, "we look at it")
    found = made.state.autonomy.told()
    assert ["all chains (of then: alps, coast)", "all chains (any other)"] == [
        words for words, _ in rows(found)]  # fmt: skip
    assert "chains" not in told(*found[1])
