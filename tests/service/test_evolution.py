"""Schemas that change: columns, mappings, and deliveries that are read anew from their files."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from neo4j import Driver

from feeds.rdf.writing import FORMS
from graph.settings import Settings
from ontology.columns import record_at
from ontology.errors import InputError
from service.exporting import exported, write_new
from service.house import House, artifacts_folder, house_on
from service.intake.deliveries import Delivery
from service.intake.resync import resync
from service.intake.sync import Synced, sync

MAPPING = """
format: evenkeel-mapping/1
chain: small
source: erp
version: {version}
known: []
files:
  - file: items.csv
    principal: {{class: Item, fields: {{id: Article{more}}}}}
"""
FIRST = "Article,Weight,Colour\ntea,250,green\nmug,400,white\n"
GRAPH = """
format: evenkeel-mapping/1
chain: small
source: graph
version: 1
known: all
files: by_class
"""


@pytest.fixture
def house(empty_database: Driver, tmp_path: Path) -> House:
    """A service without data."""
    return house_on(empty_database, Settings(home=tmp_path / "home"))


def mapping(folder: Path, version: int = 1, more: str = "") -> Path:
    """A mapping file."""
    path = folder / "mapping.yaml"
    path.write_text(MAPPING.format(version=version, more=more))
    return path


WEIGHT = ", weight_micrograms: {column: Weight, as: decimal, factor: 1000000}"


def told(house: House, folder: Path, text: str, by: Path, feed: str = "") -> Synced:
    """Sync a file of items."""
    (folder / "items.csv").write_text(text)
    return sync(house, [folder / "items.csv"], by, Delivery("ann", feed))


def notes(synced: Synced) -> list[str]:
    """What is said of columns and of the mapping."""
    return [note for note in synced.summary["notices"] if "column" in note or "MAPPING" in note]


def test_columns_that_come_and_go_are_told(house: House, tmp_path: Path) -> None:
    """Law: a column that is new, or gone, since the last delivery of its file is a note."""
    by = mapping(tmp_path)
    assert [] == notes(told(house, tmp_path, FIRST, by))
    second = told(house, tmp_path, "Article,Size,Weight\ntea,L,250\n", by)
    assert [
        "items.csv: column `Size` is new since the last delivery, and no field reads it",
        "items.csv: column `Colour` is gone since the last delivery",
    ] == notes(second)
    assert [] == notes(told(house, tmp_path, "Weight,Size,Article\n251,L,tea\n", by))


def test_a_mapping_that_changed_under_its_number_is_told(house: House, tmp_path: Path) -> None:
    """Law: another meaning under the same number is a note, so is an older one; a newer is none."""
    told(house, tmp_path, FIRST, mapping(tmp_path, 2))
    same = told(house, tmp_path, FIRST, mapping(tmp_path, 2, WEIGHT), "second")
    assert ["[MAPPING_VERSION_CHANGED]"] == [note.split()[-1] for note in notes(same)]
    back = told(house, tmp_path, FIRST, mapping(tmp_path, 1, WEIGHT), "third")
    assert ["[MAPPING_VERSION_BACK]"] == [note.split()[-1] for note in notes(back)]
    assert [] == notes(told(house, tmp_path, FIRST, mapping(tmp_path, 3), "fourth"))


def weights(house: House) -> Mapping[str, int | None]:
    """The weight of each item as it stands."""
    table = house.facts("small").table("Item")
    found = (record_at(table, row) for row in range(len(table)))
    return {item.id: item.weight_micrograms for item in found}


def test_a_column_that_nobody_read_is_read_later_without_the_source(
    house: House, tmp_path: Path
) -> None:
    """Law: a corrected mapping over the kept files says what it had said from the start."""
    first = told(house, tmp_path, FIRST, mapping(tmp_path), "monday")
    (tmp_path / "items.csv").unlink()
    assert {"mug": None, "tea": None} == weights(house)
    corrected = mapping(tmp_path, 2, WEIGHT)
    foreseen = resync(house, "monday", corrected, "ann", dry_run=True)
    assert 2 == len(foreseen.summary["differences"])
    anew = resync(house, "monday", corrected, "ann")
    assert {"mug": 400_000_000, "tea": 250_000_000} == weights(house)
    assert anew.event is not None
    assert first.event is not None
    assert first.event.effective_at == anew.event.effective_at
    assert "items.csv" == anew.summary["files"][0]["file"]
    assert resync(house, "monday", corrected, "ann").replayed
    (tmp_path / "items.csv").write_text(FIRST)
    before = house.facts("small").digest
    sync(house, [tmp_path], corrected, Delivery("ann", "tuesday", supersedes="monday"))
    assert before == house.facts("small").digest


def test_files_beyond_the_setting_are_not_kept(empty_database: Driver, tmp_path: Path) -> None:
    """Law: originals take no more room than is set, and reading them anew says so."""
    settings = Settings(home=tmp_path / "home", keep_file_bytes=len(FIRST) - 1)
    house = house_on(empty_database, settings)
    told(house, tmp_path, FIRST, mapping(tmp_path), "monday")
    for feed, code in (("monday", "FILES_NOT_KEPT"), ("sunday", "FEED_UNKNOWN")):
        with pytest.raises(InputError) as caught:
            resync(house, feed, mapping(tmp_path, 2, WEIGHT), "ann")
        assert code == caught.value.code
    told(house, tmp_path, FIRST[:-12], mapping(tmp_path), "tuesday")
    assert resync(house, "tuesday", mapping(tmp_path, 2, WEIGHT), "ann").event is not None


@pytest.mark.parametrize("form", FORMS)
def test_what_is_exported_changes_nothing(form: str, house: House, tmp_path: Path) -> None:
    """Law: facts that come back as RDF into their own chain are the same facts."""
    told(house, tmp_path, FIRST, mapping(tmp_path, 1, WEIGHT))
    path = tmp_path / f"facts.{'ttl' if form == 'turtle' else form}"
    write_new(path, exported(house, "small", form))
    before = house.facts("small").digest
    by = tmp_path / "graph.yaml"
    by.write_text(GRAPH)
    synced = sync(house, [path], by, Delivery("ann"))
    assert 2 == synced.summary["records"]["Item"]
    assert before == house.facts("small").digest
    assert 0 == synced.summary["quarantined_rows"]
    with pytest.raises(InputError) as caught:
        exported(house, "small", "xml")
    assert "UNKNOWN_FORMAT" == caught.value.code


def test_originals_are_what_was_sent(house: House, tmp_path: Path) -> None:
    """Law: each kept file unpacks to the bytes whose digest the account states."""
    synced = told(house, tmp_path, FIRST, mapping(tmp_path))
    assert synced.event is not None
    manifest = house.store.get_document(synced.event.artifact)
    name = manifest["originals"]["items.csv"]["artifact"]
    assert (artifacts_folder(house.settings) / name[:2] / name[2:]).is_file()
    assert ["Article", "Weight", "Colour"] == manifest["files"][0]["columns"]
    assert 1 == manifest["mapping"]["version"]
