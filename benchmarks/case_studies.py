"""Three studies on real data: what the planner says of each, line by line, with its gaps."""

import argparse
import time
from collections.abc import Callable

from benchmarks import case_studies_brunel, case_studies_scms, case_studies_supplygraph
from feeds.mapping_text import load_mapping
from feeds.reading import read
from ontology.columns import Snapshot
from rules.release import default_release
from service.examples import examples, shared_folder
from service.intake.fact_rules import hold_to_rules

STUDIES: dict[str, Callable[[Snapshot], list[str]]] = {
    "brunel": lambda snapshot: case_studies_brunel.told(case_studies_brunel.study(snapshot)),
    "scms": case_studies_scms.told,
    "supplygraph": case_studies_supplygraph.told,
}


def main() -> None:
    """Run the studies that are named, or all of them; data that is not at hand is said so."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("names", nargs="*", choices=[*STUDIES, []], help="none: all of them")
    for name in parser.parse_args().names or STUDIES:
        started = time.process_time()
        snapshot = facts_of(name)
        if snapshot is None:
            print(f"{name}: skipped, no data at {shared_folder() / 'data'} "
                  "(EVENKEEL_SHARED names the folder)")  # fmt: skip
            continue
        print(f"== {name}")
        print("\n".join(STUDIES[name](snapshot)), flush=True)
        print(f"   {time.process_time() - started:.0f} s of the processor, loading included")


def facts_of(name: str) -> Snapshot | None:
    """The facts of a real example, read by its mapping and held to the shipped rules."""
    found = examples().get(name)
    if found is None:
        return None
    result = read([found.folder], load_mapping(found.mapping))
    return Snapshot(1, hold_to_rules(default_release(), result, Snapshot(0, {})).tables)


if __name__ == "__main__":
    main()
