"""Print what the plan of one scenario says: `python -m tests.scenarios NAME`."""

import json
import sys

from tests.scenarios.scenario import HERE, planned, said

if __name__ == "__main__":
    sys.stdout.write(json.dumps(said(planned(HERE / sys.argv[1])), indent=2) + "\n")
