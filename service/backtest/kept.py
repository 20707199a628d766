"""Answers that were found before, by plan, release and versions: a second run is at once."""

from dataclasses import dataclass
from pathlib import Path

from graph.artifacts import ArtifactStore
from graph.disk import write_durably, writing
from ontology.canonical import digest_of
from ontology.errors import EvenkeelError
from service.backtest.again import FORMAT, Answer, check_answer, was_made
from service.versions import running_versions

FOLDER = "backtests"
REFUSED_HINT = "check the data folder and its permissions"


@dataclass(frozen=True, slots=True)
class KeptAnswers:
    """Answers as artifacts, found by a small file each that names the artifact.

    The name of the file is a digest of what was asked, plan, release and what decides now: another
    version of anything that computes finds nothing, and neither does another machine's processor.
    Any number of processes may keep and find at once.
    """

    folder: Path
    store: ArtifactStore
    what: str = ""

    def find(self, plan: str, release: str) -> tuple[str, Answer] | None:
        """The artifact of an answer and the answer; None where there is none to read."""
        try:
            name = self._file(plan, release).read_text(encoding="ascii")
            return name, check_answer(self.store.get_document(name))
        except (OSError, UnicodeDecodeError, EvenkeelError):
            return None

    def keep(self, plan: str, release: str, answer: Answer) -> str:
        """Keep an answer; gives its artifact. What could not be made is not found again.

        Raises OutsideError `DISK_FULL`, `ARTIFACT_NOT_WRITTEN`.
        """
        name = self.store.put_document(answer)
        if was_made(answer):
            with writing(self.folder, refused="ARTIFACT_NOT_WRITTEN", hint=REFUSED_HINT):
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                write_durably(self._file(plan, release), name.encode())
        return name

    def _file(self, plan: str, release: str) -> Path:
        return self.folder / digest_of([FORMAT, self.what, plan, release, running_versions()])
