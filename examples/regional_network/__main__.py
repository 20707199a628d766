"""`python -m examples.regional_network OUT`: write the example as CSV files into a folder."""

import sys
from argparse import ArgumentParser
from pathlib import Path

from examples.regional_network.files import make
from examples.regional_network.sizes import Size
from ontology.errors import InputError


def main() -> int:
    """Write the example; 0 when it is there, 2 where the size or the folder cannot be."""
    parser = ArgumentParser(prog="python -m examples.regional_network", description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT")
    for name, default in Size.__dataclass_fields__.items():
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, type=int, default=default.default, metavar="N")
    given = vars(parser.parse_args())
    folder = given.pop("out")
    try:
        made = make(folder, Size(**given))
    except (InputError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{folder}: {'made' if made else 'unchanged'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
