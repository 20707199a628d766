"""The documents that this client asks, as files for a service that runs trusted ones alone."""

import argparse
import pkgutil
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from evenkeel_client import answers

KINDS = ("query ", "mutation ", "subscription ")


def documents() -> Mapping[str, str]:
    """The text of each document, byte by byte as it is sent, by the name of a file for it."""
    found = {}
    for module in pkgutil.iter_modules(answers.__path__):
        asked = vars(import_module(f"{answers.__name__}.{module.name}"))
        for name, text in asked.items():
            if name.isupper() and isinstance(text, str) and text.lstrip().startswith(KINDS):
                found[f"client-{module.name}-{name.lower()}.graphql"] = text
    return found


def main() -> int:
    """Write the documents that the client asks into a folder, a file each."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path, help="the folder of `evenkeel serve --documents`")
    folder: Path = parser.parse_args().folder
    try:
        for name, text in documents().items():
            (folder / name).write_bytes(text.encode())
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
