"""Errors by whose fault they are; each leaf has one code that every surface shares."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where bad input stands: a file, a row (1 is the first line) and a column, as far as known."""

    file: str = ""
    row: int = 0
    column: str = ""

    def __str__(self) -> str:
        """`orders.csv, row 7, column weight`, leaving out what is not known."""
        parts = [self.file, f"row {self.row}" if self.row else "", self.column]
        parts[2] = f"column `{self.column}`" if self.column else ""
        return ", ".join(part for part in parts if part)


class EvenkeelError(Exception):
    """One clear line (lower-case, user input in backticks), a code, and a hint with the fix.

    EvenkeelError
    |- InputError      the caller's data or document        exit 2
    |- AccessError     who asks, or what they may see       exit 2
    |- StateError      right request, wrong moment          exit 1
    |- OutsideError    database, disk, network              exit 1
    `- SolverError     the mathematics refused              exit 1
    """

    code = "EVENKEEL"
    exit_status = 1

    def __init__(
        self, what: str, *, hint: str = "", code: str = "", place: Place | None = None
    ) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.place = place or Place()
        if code:
            self.code = code

    def __str__(self) -> str:
        """The line that a person reads, the place in front where there is one."""
        place = str(self.place)
        return f"{place}: {self.what}" if place else self.what


class InputError(EvenkeelError):
    """The caller's data cannot be used as it is."""

    code = "BAD_INPUT"
    exit_status = 2


class AccessError(EvenkeelError):
    """The caller is unknown, or may not do or see this."""

    code = "ACCESS_DENIED"
    exit_status = 2


class StateError(EvenkeelError):
    """The request is sound, but the state of the log, a plan or the server does not allow it."""

    code = "WRONG_STATE"


class OutsideError(EvenkeelError):
    """Something outside failed: the database, the disk, another server."""

    code = "OUTSIDE_FAILED"


class SolverError(EvenkeelError):
    """The problem has no answer, or none that fits the exact integers in use."""

    code = "SOLVER_REFUSED"
