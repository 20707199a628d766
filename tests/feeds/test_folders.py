"""Files below a feed's folder, names with blanks, and files named after their classes."""

from pathlib import Path

import pytest

from feeds.by_class import file_of
from feeds.mapping import FED
from feeds.mapping_text import parse_mapping
from feeds.reading import read
from ontology.errors import InputError

HEAD = """
format: evenkeel-mapping/1
chain: small
source: erp
version: 1
known: []
"""
NESTED = (
    HEAD
    + """files:
  - {file: Data/Unit/Items.csv, principal: {class: Item, fields: by_header}}
  - {file: Data/Weight/Items.csv, optional: true, principal: {class: Lot, fields: by_header}}
"""
)
BY_CLASS = HEAD + "files: by_class\n"


def nested(folder: Path, name: str = "Data/Unit/Items .csv") -> Path:
    """A file of one item below the folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("id\ntea\n")
    return path


@pytest.mark.parametrize("name", ["Data/Unit/Items.csv", "Data /Unit/Items .csv"])
@pytest.mark.parametrize("as_folder", [True, False])
def test_a_file_below_is_found_blanks_aside(name: str, as_folder: bool, tmp_path: Path) -> None:
    """Law: a name is compared without blanks at its end, and told as the mapping writes it."""
    path = nested(tmp_path, name)
    result = read([tmp_path if as_folder else path], parse_mapping(NESTED.encode(), "m.yaml"))
    assert "Data/Unit/Items.csv, row 2" == str(result.source_of("Item", 0))


def test_two_files_that_differ_by_blanks_are_refused(tmp_path: Path) -> None:
    """Law: which of two files is meant is never guessed."""
    nested(tmp_path, "Data/Unit/Items .csv")
    nested(tmp_path, "Data/Unit/ Items.csv")
    with pytest.raises(InputError) as caught:
        read([tmp_path], parse_mapping(NESTED.encode(), "m.yaml"))
    assert (caught.value.code, caught.value.place.file) == ("FILE_TWICE", "Data/Unit/Items.csv")


def test_a_file_of_another_folder_is_not_mapped(tmp_path: Path) -> None:
    """Law: a file given by itself is known by the end of its path, folders included."""
    with pytest.raises(InputError) as caught:
        read([nested(tmp_path, "Unit/Items.csv")], parse_mapping(NESTED.encode(), "m.yaml"))
    assert caught.value.code == "FILE_NOT_MAPPED"


@pytest.mark.parametrize("link", ["Data", "Data/Unit", "Data/Unit/Items.csv"])
def test_no_link_on_the_way_is_followed(link: str, tmp_path: Path) -> None:
    """Law 9: a feed's folder does not reach out of itself."""
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    nested(outside, "Data/Unit/Items.csv")
    (inside / link).parent.mkdir(parents=True, exist_ok=True)
    (inside / link).symlink_to(outside / link)
    with pytest.raises(InputError) as caught:
        read([inside], parse_mapping(NESTED.encode(), "m.yaml"))
    assert (caught.value.code, caught.value.place.file) == ("FILE_IS_LINK", "Data/Unit/Items.csv")


@pytest.mark.parametrize("name", ["../a.csv", "a/../b.csv", "/a.csv", "a//b.csv", "a\\b.csv", ".",
                                  "a/", "C:/a.csv"])  # fmt: skip
def test_a_name_does_not_lead_upwards(name: str) -> None:
    """Law 9: a mapping names files below the feed's folder and nothing else."""
    text = NESTED.replace("Data/Unit/Items.csv", name)
    with pytest.raises(InputError) as caught:
        parse_mapping(text.encode(), "m.yaml")
    assert caught.value.code == "FILE_OUTSIDE"


def test_classes_name_their_files() -> None:
    """Law: each class has a file of its own, named in the plural."""
    expected = {
        "StockingPolicy": "stocking_policies.csv",
        "PortAccess": "port_accesses.csv",
        "CustomerClass": "customer_classes.csv",
        "Currency": "currencies.csv",
        "Lane": "lanes.csv",
        "UpstreamSupply": "upstream_supplies.csv",
    }
    assert expected == {name: file_of(name) for name in expected}
    mapping = parse_mapping(BY_CLASS.encode(), "m.yaml")
    assert len(FED) == len({rule.file for rule in mapping.files})


def test_files_by_class_are_read_by_header(tmp_path: Path) -> None:
    """Law: what is there is loaded, and nothing needs to be there."""
    (tmp_path / "items.csv").write_text("id,family\ntea,drinks\n")
    result = read([tmp_path], parse_mapping(BY_CLASS.encode(), "m.yaml"))
    assert ["drinks"] == result.tables["Item"]["family"].tolist()
    assert ["items.csv"] == [file.file for file in result.files]


def test_a_table_of_no_class_is_refused(tmp_path: Path) -> None:
    """Law: a misspelt file name is an error, not a file that is left out unseen."""
    for name in ("items.csv", "lane.csv"):
        (tmp_path / name).write_text("id\ntea\n")
    with pytest.raises(InputError) as caught:
        read([tmp_path], parse_mapping(BY_CLASS.encode(), "m.yaml"))
    assert (caught.value.code, caught.value.place.file) == ("FILE_NOT_MAPPED", "lane.csv")


def test_files_by_class_is_the_only_word(tmp_path: Path) -> None:
    """Law: another word in place of the files is refused, and the digest is of the word."""
    with pytest.raises(InputError, match="`by_name` is not possible"):
        parse_mapping(BY_CLASS.replace("by_class", "by_name").encode(), "m.yaml")
    assert parse_mapping(BY_CLASS.encode(), "m.yaml").document()["files"] == "by_class"
