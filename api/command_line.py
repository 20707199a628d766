"""The command line `evenkeel`: its commands, and what becomes of every error."""

import errno
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import typer

from api.commands import access as commands_access
from api.commands import approvals as commands_approvals
from api.commands import autonomy as commands_autonomy
from api.commands import compare as commands_compare
from api.commands import data as commands_data
from api.commands import demo as commands_demo
from api.commands import diff as commands_diff
from api.commands import drift as commands_drift
from api.commands import edit as commands_edit
from api.commands import events as commands_events
from api.commands import export as commands_export
from api.commands import facts as commands_facts
from api.commands import feeds as commands_feeds
from api.commands import forecast as commands_forecast
from api.commands import freshness as commands_freshness
from api.commands import frontier as commands_frontier
from api.commands import identity as commands_identity
from api.commands import impact as commands_impact
from api.commands import inferred as commands_inferred
from api.commands import kpi as commands_kpi
from api.commands import log as commands_log
from api.commands import persons as commands_persons
from api.commands import plan as commands_plan
from api.commands import policy as commands_policy
from api.commands import price as commands_price
from api.commands import quarantine as commands_quarantine
from api.commands import query as commands_query
from api.commands import recall as commands_recall
from api.commands import reconcile as commands_reconcile
from api.commands import recovery as commands_recovery
from api.commands import replay as commands_replay
from api.commands import report as commands_report
from api.commands import resync as commands_resync
from api.commands import schedule as commands_schedule
from api.commands import server as commands_server
from api.commands import stops as commands_stops
from api.commands import sync as commands_sync
from api.commands import tokens as commands_tokens
from api.commands import trace as commands_trace
from api.commands import why as commands_why
from api.output import BAD, GOOD, INTERRUPTED, REFUSED, plain, report
from ontology.errors import EvenkeelError, InputError, OutsideError

EXITS = {
    GOOD: "done",
    REFUSED: "refused, or found what has to be looked at",
    BAD: "asked wrongly, or the data cannot be used",
    INTERRUPTED: "interrupted",
}
"""Every exit status of every command, and what it says."""
_OUTPUT_GONE = (errno.ENOSPC, errno.EBADF, errno.EFBIG)
DEBUG = "EVENKEEL_DEBUG"

app = typer.Typer(
    name="evenkeel",
    help="Keeps stock level across hubs, and proves it.",
    epilog="Exit status: " + "; ".join(f"{code} {says}" for code, says in EXITS.items()),
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _module in (
    commands_server, commands_sync, commands_facts, commands_data, commands_forecast, commands_plan,
    commands_demo, commands_price, commands_query, commands_impact, commands_kpi, commands_compare,
    commands_why, commands_diff, commands_edit, commands_export, commands_drift, commands_frontier,
    commands_quarantine, commands_identity, commands_feeds, commands_freshness, commands_recovery,
    commands_reconcile, commands_resync, commands_persons, commands_events, commands_log,
    commands_replay, commands_recall, commands_trace, commands_access, commands_tokens,
    commands_approvals, commands_policy, commands_report, commands_schedule,
    commands_stops, commands_autonomy, commands_inferred,
):  # fmt: skip
    _module.register(app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit status: 0 good, 1 refused, 2 bad input, 130 interrupted.

    An error is one line and a hint, with `--json` one document. No traceback is printed unless
    EVENKEEL_DEBUG is set; that of an unexpected error is kept in the data folder.
    """
    logging.getLogger("neo4j").addHandler(logging.NullHandler())  # its retries are not news
    given = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    as_json = "--json" in given
    try:
        status = _run(given)
        sys.stdout.flush()
    except EvenkeelError as error:
        report(error, as_json=as_json)
        return error.exit_status
    except typer.TyperException as error:
        report(_misused(error, given), as_json=as_json)
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        status = INTERRUPTED
    except BrokenPipeError:
        return _quiet()
    except OSError as error:
        if error.errno not in _OUTPUT_GONE:
            report(_unexpected(error), as_json=as_json)
            return 1
        report(_unwritten(error), as_json=False)  # the document cannot be written either
        return _quiet()
    except Exception as error:  # noqa: BLE001  whatever it is, a person gets one line
        report(_unexpected(error), as_json=as_json)
        return 1
    if status == INTERRUPTED:
        typer.echo("interrupted", err=True)
    return status


def _run(given: list[str]) -> int:
    command = typer.main.get_command(app)
    result = command.main(args=given, prog_name="evenkeel", standalone_mode=False)
    return result if isinstance(result, int) else GOOD


def _misused(error: typer.TyperException, given: list[str]) -> EvenkeelError:
    message = error.format_message().rstrip(".")
    known = {command.name or "" for command in app.registered_commands}
    named = next((word for word in given if word in known), "")
    advice = f"evenkeel {named} --help" if named else "evenkeel --help"
    return InputError(message[:1].lower() + message[1:], code="USAGE", hint=f"see `{advice}`")


def _quiet() -> int:
    """The reader of our output has gone: say nothing more, at exit either."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def _unwritten(error: OSError) -> EvenkeelError:
    return OutsideError(f"the output cannot be written: {error.strerror}", code="OUTPUT_FAILED",
                        hint="what was asked for may be done: ask again to see it")  # fmt: skip


def _unexpected(error: Exception) -> EvenkeelError:
    if os.environ.get(DEBUG):
        traceback.print_exc()
    kept = _kept(error)
    advice = f"the details are in `{kept}`" if kept else f"set {DEBUG}=1 to see the details"
    name = type(error).__name__
    what = plain(f"{name}: {error}")[:300]
    return EvenkeelError(f"an unexpected error, {what}", code="INTERNAL", hint=advice)


def _kept(error: Exception) -> Path | None:
    from graph.disk import write_durably
    from graph.settings import settings_from_environment

    try:
        folder = settings_from_environment().data_folder
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "last-error.txt"
        told = "".join(traceback.format_exception(error))
        write_durably(path, told.encode("utf-8", "replace"))  # readable by its owner alone
    except (OSError, EvenkeelError):
        return None
    return path


if __name__ == "__main__":
    sys.exit(main())
