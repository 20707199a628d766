"""A changed priority: what came before keeps its own, which is told; a resync states anew."""

from pathlib import Path

from neo4j import Driver

from graph.settings import Settings
from service.house import house_on
from service.intake.resync import resync
from tests.service.small_stock import SmallStock, day


def test_a_priority_does_not_reach_back(empty_database: Driver, tmp_path: Path) -> None:
    """Until the delivery is read anew: then its old counts stand against newer, lesser ones."""
    small = SmallStock(house_on(empty_database, Settings(home=tmp_path / "home")), tmp_path)
    small.opened().stock(f"widget,north,A,1,{day(0)}", name="monday", source="erp")
    small.stock(f"widget,north,A,2,{day(1)}")
    small.stock(f"widget,north,B,2,{day(1)}", name="tuesday", source="erp")

    def told(*sources: str) -> list[str]:
        sent = small.send({"sources.csv": ("id,priority", *sources)}, source="house")
        return [line for line in sent.summary["notices"] if "priority" in line]

    (line,) = told("erp,10", "unheard,5")
    assert "1 fact of source `erp` came before its priority" in line
    assert "resync" in line
    assert 2 == small.units()["widget/north/A"]
    assert [] == told("erp,10")
    mapping = tmp_path / "mapping2.yaml"
    assert "source: erp" in mapping.read_text()
    resync(small.house, "monday", mapping, "ann")
    assert 1 == small.units()["widget/north/A"]
    (line,) = told("erp,300")
    assert "count as much as before" in line
