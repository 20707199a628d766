"""Files are digested as they are read, and what their rows say is kept packed."""

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feeds.digested import DigestedFile
from feeds.facts.row_texts import RowTexts
from feeds.files import open_file
from feeds.limits import Limits
from ontology.errors import InputError, Place
from tests.feeds.small_feed import HEADER, ORDER, read_small

STEPS = st.lists(st.tuples(st.sampled_from(["read", "seek", "line"]), st.integers(0, 700_000)))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=st.sampled_from([0, 5, 600_000]), steps=STEPS)
def test_the_digest_is_that_of_the_whole_file(
    size: int, steps: list[tuple[str, int]], tmp_path: Path
) -> None:
    """Law: however a file is read, again and in part, its digest is SHA-256 of all its bytes."""
    data = b"".join(b"%d\n" % number for number in range(size // 6))
    path = tmp_path / "file.csv"
    path.write_bytes(data)
    with open_file(path, 700_000) as stream:
        for step, number in steps:
            {"read": stream.read, "seek": stream.seek, "line": stream.readline}[step](number)
        assert (hashlib.sha256(data).hexdigest(), len(data)) == stream.finish()


def test_a_file_that_grows_is_stopped(tmp_path: Path) -> None:
    """Law: a file is at most as large as is allowed, also where it grows while it is read."""
    path = tmp_path / "file.csv"
    path.write_bytes(b"12345")
    with pytest.raises(InputError) as before:
        open_file(path, 4)
    stream = DigestedFile(os.open(path, os.O_RDONLY), 5, Place("file.csv"))
    assert b"12345" == stream.whole()
    with path.open("ab") as grown:
        grown.write(b"6")
    with pytest.raises(InputError) as after:
        stream.read(1)
    stream.close()
    assert ["FILE_TOO_LARGE"] * 2 == [before.value.code, after.value.code]


@pytest.mark.parametrize("is_written", [False, True])
def test_a_file_that_was_handed_over_stays_as_it_was(is_written: bool, tmp_path: Path) -> None:
    """Law: another process reads the bytes that are digested here, else the file is refused."""
    path = tmp_path / "file.parquet"
    path.write_bytes(b"12345")
    os.utime(path, (1, 1))
    with open_file(path, 9) as stream:
        assert b"12345" == os.read(stream.hand_over(), 9)
        if not is_written:
            assert (hashlib.sha256(b"12345").hexdigest(), 5) == stream.finish()
            return
        path.write_bytes(b"54321")
        with pytest.raises(InputError) as caught:
            stream.finish()
    assert "FILE_CHANGED" == caught.value.code


@given(st.lists(st.lists(st.text(max_size=5), max_size=4), max_size=4), st.randoms())
def test_texts_of_rows_come_back(blocks: list[list[str]], random: object) -> None:
    """Law: what a row says comes back without its line end, in any order of asking."""
    texts = RowTexts()
    for block in blocks:
        texts.add([f"{text}\r\n" for text in block])
    rows = list(enumerate(text for block in blocks for text in block))
    random.shuffle(rows)
    assert [text.rstrip("\r\n") for _, text in rows] == [texts(row) for row, _ in rows]


def test_a_refused_row_says_its_text_and_no_more(tmp_path: Path) -> None:
    """Law: a row set aside late, among many, shows what stands in the file, up to a limit."""
    sound = [ORDER.replace("O1", f"O{number}") for number in range(50)]
    bad = ORDER.replace("O1", "bad").replace("widget", "gizmo").replace("ACME", "A" * 2_000)
    result = read_small(tmp_path, {"orders.csv": HEADER + "".join([*sound, bad, *sound])},
                        limits=Limits(cell_characters=5_000))  # fmt: skip
    assert ["UNKNOWN_ID"] == result.quarantined["code"].tolist()
    assert [bad[:1_000]] == result.quarantined["text"].tolist()
