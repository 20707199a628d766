"""The example as a folder of CSV files, one per record class, and what they were made from."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING as NO_DEFAULT
from dataclasses import asdict, fields
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np

from examples.regional_network.network import generate
from examples.regional_network.sizes import Size
from ontology.columns import MISSING, Column, Table
from ontology.vocabulary import RECORDS

MAPPING = Path(__file__).parent / "mapping.yaml"
"""How the files are read."""
ACCOUNT = "made.json"
"""The file that says of what size, by what code and with which digests the others were made."""


def make(folder: Path, size: Size) -> bool:
    """Bring a folder to hold the example of this size; false where it already did.

    Same size, same bytes. Raises InputError `SIZE_RANGE`, and OSError where it cannot be written.
    """
    wanted = {"generator": _generator_digest(), "size": asdict(size)}
    if _holds(folder, wanted):
        return False
    (folder / ACCOUNT).unlink(missing_ok=True)
    digests = write(generate(**asdict(size)), folder)
    account = json.dumps(wanted | {"files": digests}, indent=1, sort_keys=True) + "\n"
    _put(folder / ACCOUNT, account.encode())
    return True


def write(tables: Mapping[str, Table], folder: Path) -> dict[str, str]:
    """Write one CSV per table (UTF-8, comma, line feed); the SHA-256 of each by its name.

    Columns that hold nothing but their default are left out. Each file appears whole or not at
    all. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    digests = {}
    for name, table in tables.items():
        data = _csv(table)
        digests[file_of(name)] = hashlib.sha256(data).hexdigest()
        _put(folder / file_of(name), data)
    return digests


def file_of(name: str) -> str:
    """The file of a record class: `StockingPolicy` is in `stocking_policies.csv`."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    plural = re.sub(r"y$", "ie", words) + ("es" if words.endswith("s") else "s")
    return f"{plural}.csv"


def _generator_digest() -> str:
    """SHA-256 of the code that makes the example, and the numpy that draws its chance."""
    state = hashlib.sha256(np.__version__.encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        state.update(path.read_bytes())
    return state.hexdigest()


def _holds(folder: Path, wanted: dict[str, Any]) -> bool:
    try:
        account = json.loads((folder / ACCOUNT).read_bytes())
        return wanted == {name: account[name] for name in wanted} and all(
            digest == hashlib.sha256((folder / Path(name).name).read_bytes()).hexdigest()
            for name, digest in account["files"].items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False  # whatever is there, it is not a folder that was made whole


def _put(path: Path, data: bytes) -> None:
    with NamedTemporaryFile(dir=path.parent, delete=False) as stream:
        stream.write(data)
    Path(stream.name).chmod(0o644)
    Path(stream.name).replace(path)


def _csv(table: Table) -> bytes:
    names = [name for name in table.columns if not _is_default(table, name)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(zip(*(_cells(table[name]) for name in names), strict=True))
    return out.getvalue().encode()


def _is_default(table: Table, name: str) -> bool:
    default = next(f.default for f in fields(RECORDS[table.name]) if f.name == name)
    if default is NO_DEFAULT or name in RECORDS[table.name].KEY:
        return False
    blank = {True: "true", False: "false", None: "", (): ""}.get(default, str(default))
    return all(cell == blank for cell in _cells(table[name]))


def _cells(column: Column) -> Iterator[str]:
    if column.dtype == np.bool_:
        return ("true" if value else "false" for value in column.tolist())
    if column.dtype == np.int64:
        return ("" if value == MISSING else str(value) for value in column.tolist())
    if column.dtype.kind == "M":
        return ("" if text == "NaT" else text for text in np.datetime_as_string(column).tolist())
    return ("|".join(v) if isinstance(v, tuple) else v or "" for v in column.tolist())
