"""Brings exactly the jars that `neo4j.lock` names into a cache folder, each checked by SHA-256.

Run as `python -m graph.provisioning --lock 5.26.30` it writes that file anew.
"""

import argparse
import hashlib
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import requests
from jgo.config import GlobalSettings
from jgo.maven import Artifact, Dependency, MavenContext

from graph.disk import writing
from graph.locking import holding
from graph.progress import Progress, silent
from ontology.errors import InputError, OutsideError

LOCK_FILE = Path(__file__).with_name("neo4j.lock")
ROOTS = ("org.neo4j:neo4j", "org.neo4j.app:neo4j-server", "org.neo4j:neo4j-slf4j-provider")
FETCHERS = 8
ATTEMPTS = 3
SECONDS_PER_REQUEST = 60
CHUNK_BYTES = 1 << 16
OK, NOT_FOUND = 200, 404
LONGEST_WAIT_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of the lock: `group:artifact:version[:classifier]`, its SHA-256 and its bytes."""

    coordinate: str
    sha256: str
    size_bytes: int

    @property
    def file_name(self) -> str:
        """The name that Maven gives the file; unique within the lock."""
        return "-".join(self.coordinate.split(":")[1:]) + ".jar"

    def line(self) -> str:
        """The jar as it stands in the lock file."""
        return f"{self.sha256} {self.size_bytes} {self.coordinate}\n"


def locked_jars(lock: Path = LOCK_FILE) -> list[Jar]:
    """The jars of the lock file, in its order; raises InputError `LOCK_UNREADABLE`."""
    jars = []
    for number, line in enumerate(lock.read_text(encoding="utf-8").splitlines(), start=1):
        parts = line.split()
        if len(parts) != 3 or len(parts[0]) != 64 or not parts[1].isdigit():
            raise InputError(
                f"line {number} of `{lock.name}` is not `sha256 bytes coordinate`",
                hint="restore the file from version control",
                code="LOCK_UNREADABLE",
            )
        jars.append(Jar(coordinate=parts[2], sha256=parts[0], size_bytes=int(parts[1])))
    return jars


def version(jars: list[Jar], program: str = LOCK_FILE.stem) -> str:
    """The version of the program in a lock: of the jar that has its name."""
    names = (jar.coordinate.split(":") for jar in jars)
    return next(name[2] for name in names if name[1].partition("_")[0] == program)


def provide(cache: Path, progress: Progress = silent, *, lock: Path = LOCK_FILE) -> Path:
    """The folder that holds every locked jar, each just hashed; fetches what is missing.

    A jar in the cache whose hash differs is deleted and fetched again. Safe when several processes
    provide at once: one fetches, the others wait. What an interrupted run fetched is kept.
    Raises OutsideError `FETCH_FAILED` (offline), `JAR_REFUSED` (hash differs), `DISK_FULL`,
    `CACHE_NOT_WRITABLE`.
    """
    jars = locked_jars(lock)
    folder = cache / f"{lock.stem}-{version(jars, lock.stem)}"
    if not absent(folder, jars):
        return folder
    hint = "set XDG_CACHE_HOME to a folder of your own"
    with writing(cache, refused="CACHE_NOT_WRITABLE", hint=hint):
        folder.mkdir(parents=True, exist_ok=True)
        waiting = "waiting for another process that fetches Neo4j"
        with holding(cache / "fetching.lock", LONGEST_WAIT_SECONDS, progress, waiting):
            for left in cache.glob("fetching-*/"):
                shutil.rmtree(left, ignore_errors=True)
            _fetch_all(absent(folder, jars), folder, progress)
    return folder


def absent(folder: Path, jars: list[Jar]) -> list[Jar]:
    """The jars that the folder does not hold with the right bytes."""
    with ThreadPoolExecutor(FETCHERS) as pool:
        intact = pool.map(lambda jar: _is_intact(folder / jar.file_name, jar), jars)
        return [jar for jar, whole in zip(jars, intact, strict=True) if not whole]


def _is_intact(file: Path, jar: Jar) -> bool:
    try:
        return file.stat().st_size == jar.size_bytes and _sha256(file) == jar.sha256
    except (FileNotFoundError, NotADirectoryError):
        return False


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _fetch_all(jars: list[Jar], folder: Path, progress: Progress) -> None:
    for jar in jars:
        (folder / jar.file_name).unlink(missing_ok=True)
    total = sum(jar.size_bytes for jar in jars) // 1024
    done = 0
    with tempfile.TemporaryDirectory(prefix="fetching-", dir=folder.parent) as scratch:
        context = _maven(Path(scratch))
        pool = ThreadPoolExecutor(FETCHERS)
        try:
            running = {
                pool.submit(_fetch, jar, context, Path(scratch), folder): jar for jar in jars
            }
            for future in as_completed(running):
                future.result()
                done += running[future].size_bytes
                progress("fetching Neo4j (kB)", done // 1024, total)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _maven(repo_cache: Path) -> MavenContext:
    """Maven as this machine has it: jgo's own repositories, then those of the user's jgo.conf."""
    context = MavenContext(repo_cache=repo_cache, timeout=SECONDS_PER_REQUEST)
    context.remote_repos.update(GlobalSettings.load().repositories)
    return context


def _fetch(jar: Jar, context: MavenContext, scratch: Path, folder: Path) -> None:
    """Fetches one jar beside the folder, checks it, and only then renames it into the folder."""
    half = scratch / jar.file_name
    found = _download(jar, context, half)
    # INVARIANT: no byte that the lock does not name reaches the class path
    if found != jar.sha256:
        half.unlink()
        raise OutsideError(
            f"`{jar.file_name}` came with SHA-256 {found}, the lock names {jar.sha256}",
            hint="the repository or a proxy altered it; the file is deleted, try another network",
            code="JAR_REFUSED",
        )
    half.replace(folder / jar.file_name)


def _download(jar: Jar, context: MavenContext, half: Path) -> str:
    """Writes what a repository has for the jar, and gives its SHA-256; tries three times."""
    artifact = _artifact(jar.coordinate, context)
    path = f"{artifact.component.path_prefix.as_posix()}/{artifact.filename}"
    why: Exception | str = "no repository has it"
    for attempt in range(ATTEMPTS):
        time.sleep(attempt)
        for repository in context.remote_repos.values():
            try:
                found, status = _stream(f"{repository}/{path}", half, jar.size_bytes)
            except requests.RequestException as error:
                why = error
                continue
            if found:
                return found
            why = f"it answers {status}" if status != NOT_FOUND else why
        if why == "no repository has it":
            break
    raise OutsideError(
        f"cannot fetch `{jar.coordinate}`: {why if isinstance(why, str) else 'no answer'}",
        hint="go online once (HTTPS_PROXY and REQUESTS_CA_BUNDLE are honoured, a mirror goes into "
        "jgo.conf), or set NEO4J_URI to a server that runs; what was fetched is kept",
        code="FETCH_FAILED",
    )


def _stream(url: str, half: Path, most_bytes: int) -> tuple[str, int]:
    """The SHA-256 of what was written (empty unless the status is 200), and the status.

    Stops one chunk after `most_bytes`: an endless answer cannot fill the disk.
    """
    hashed = hashlib.sha256()
    written = 0
    with requests.get(url, stream=True, timeout=SECONDS_PER_REQUEST) as response:
        if response.status_code != OK:
            return "", response.status_code
        with half.open("wb") as file:
            for chunk in response.iter_content(CHUNK_BYTES):
                written += file.write(chunk)
                hashed.update(chunk)
                if written > most_bytes:
                    break
    return hashed.hexdigest(), response.status_code


def _artifact(coordinate: str, context: MavenContext) -> Artifact:
    group, artifact, wanted, *classifier = coordinate.split(":")
    component = context.project(group, artifact).at_version(wanted)
    return component.artifact(classifier=classifier[0] if classifier else "")


def write_lock(wanted: str, lock: Path = LOCK_FILE, programs: Sequence[str] = ROOTS) -> int:
    """Resolves the jars of a version from their POMs and writes the lock; gives their number.

    Needs the network and takes a minute or more.
    """
    with tempfile.TemporaryDirectory() as scratch:
        context = _maven(Path(scratch))
        roots = [Dependency(_artifact(f"{root}:{wanted}", context)) for root in programs]
        chosen = [
            dependency.artifact for found in context.resolver.resolve(roots) for dependency in found
        ]
        with ThreadPoolExecutor(FETCHERS) as pool:
            jars = set(pool.map(_described, chosen))
    ordered = sorted(jars, key=lambda jar: jar.coordinate)
    lock.write_text("".join(jar.line() for jar in ordered), encoding="utf-8")
    return len(ordered)


def _described(artifact: Artifact) -> Jar:
    file = artifact.resolve()
    parts = [artifact.groupId, artifact.artifactId, artifact.version, artifact.classifier]
    return Jar(":".join(part for part in parts if part), _sha256(file), file.stat().st_size)


def main() -> None:
    """Writes the lock (`--lock VERSION`) or fills the cache (`--cache FOLDER`)."""
    parser = argparse.ArgumentParser(description=__doc__)
    task = parser.add_mutually_exclusive_group(required=True)
    task.add_argument("--lock", metavar="VERSION", help="write neo4j.lock for this version")
    task.add_argument("--cache", metavar="FOLDER", type=Path, help="fetch every locked jar")
    chosen = parser.parse_args()
    if chosen.lock:
        sys.stdout.write(f"{write_lock(chosen.lock)} jars locked\n")
    else:
        sys.stdout.write(f"{provide(chosen.cache)}\n")


if __name__ == "__main__":
    main()
