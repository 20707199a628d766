"""Deliveries from a Kafka topic: each record is one, taken once, in the order of its partition."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from io import BytesIO
from pathlib import Path
from threading import Event as Signal
from typing import TYPE_CHECKING, Any, cast

from feeds.files import read_bytes
from feeds.limits import MAPPING_BYTES
from feeds.mapping_text import read_mapping
from ontology.errors import EvenkeelError, InputError, OutsideError, StateError
from service.doors.envelope import Attributes
from service.doors.registered import mapping_of
from service.doors.spool import MOST_BYTES, discard, receive, rule_meant, spool
from service.house import House
from service.intake.sync import Synced, sync

if TYPE_CHECKING:
    from confluent_kafka import Consumer, Message, Producer

AGENT = "kafka"
PREFIX = "ce_"
"""The headers of a record that are attributes of CloudEvents (its Kafka binding, section 3.2)."""
FILE_HEADER = "file"
REFUSED = ".refused"
"""What cannot be loaded goes to the topic of this ending, with the reason in its headers."""
POLL_SECONDS = 0.2
REACH_SECONDS = 10.0
AGAIN_SECONDS = 2.0
OURS = {"bootstrap.servers", "enable.auto.commit", "enable.auto.offset.store", "group.id"}
"""Settings that a settings file cannot change: what a delivery's safety hangs on."""
_SILENT = {"log_level": 0}


@dataclass(frozen=True)
class Topic:
    """Where records come from: `brokers` as host:port, comma between; `group` remembers how far.

    `settings` are those of librdkafka that reach a protected cluster, for example SASL.
    """

    name: str
    brokers: str
    group: str = "evenkeel"
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one record: synced, or refused and sent on to the topic of refused ones."""

    place: str
    synced: Synced | None
    refusal: EvenkeelError | None = None


def follow(
    house: House, topic: Topic, source: str, tell: Callable[[Taken], None], *,
    once: bool = False, stop: Signal | None = None,
) -> None:  # fmt: skip
    """Sync each record as a delivery of a registered source, until `stop` is set.

    `once` ends with the last record that is there. A record is a delivery by the name of its
    `ce_id` header, else of its place (topic/partition/offset). How far the group is moves on only
    when the delivery stands in the log, or the refused record in the topic of refused ones: killed
    anywhere, the record comes again, and gets its first answer. While the database is away
    the record is tried again. Raises InputError `SOURCE_UNKNOWN`, `EXTRA_MISSING`,
    `TOPIC_SETTING`; OutsideError `TOPIC_UNREACHABLE`.
    """
    mapping_of(house.settings.data_folder, source)
    ended = stop or Signal()
    with _clients(topic) as (consumer, producer), spool(house.settings.data_folder) as folder:
        for record in _records(consumer, topic, ended, once=once):
            work = partial(_sync, house, source, folder, record)
            taken = _until_known(work, _place(record), ended)
            if taken is None:
                return
            if taken.refusal and not _sent_on(producer, topic, record, taken.refusal, ended):
                return
            _commit(consumer, record)
            tell(taken)


def read_settings(path: Path) -> dict[str, str]:
    """The settings in a file, one `name=value` a line. Raises InputError `TOPIC_SETTING`."""
    found = {}
    data = read_bytes(path, MAPPING_BYTES)
    for number, line in enumerate(data.decode(errors="replace").splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or name in OURS:
            what = f"`{name[:100]}` is not for a file" if equals else "this is no `name=value`"
            raise InputError(f"line {number} of `{path.name}`: {what}", code="TOPIC_SETTING",
                             hint="write settings of librdkafka, one a line")  # fmt: skip
        found[name] = value
    return found


@contextmanager
def _clients(topic: Topic) -> Iterator[tuple["Consumer", "Producer"]]:
    try:
        from confluent_kafka import Consumer, KafkaException, Producer
    except ImportError as error:
        raise InputError(
            "following a topic needs the package `confluent-kafka`", code="EXTRA_MISSING",
            hint="install it: `pip install confluent-kafka`",
        ) from error  # fmt: skip
    reach: dict[str, Any] = {**topic.settings, "bootstrap.servers": topic.brokers, **_SILENT}
    try:
        consumer = Consumer({
            "auto.offset.reset": "earliest", "enable.partition.eof": True, **reach,
            "group.id": topic.group, "enable.auto.commit": False,
            "receive.message.max.bytes": MOST_BYTES, "queued.max.messages.kbytes": 65_536,
        })  # fmt: skip
        producer = Producer({**reach, "enable.idempotence": True})
    except KafkaException as error:
        raise InputError(f"the client refuses its settings: {_why(error)}", code="TOPIC_SETTING",
                         hint="see the settings of librdkafka") from error  # fmt: skip
    try:
        consumer.list_topics(timeout=REACH_SECONDS)
        consumer.subscribe([topic.name])
        yield consumer, producer
    except KafkaException as error:
        raise OutsideError(
            f"`{topic.brokers}` cannot be used: {_why(error)}", code="TOPIC_UNREACHABLE",
            hint="check the address and the settings, then start again: it goes on where it was",
        ) from error  # fmt: skip
    finally:
        consumer.close()


def _records(
    consumer: "Consumer", topic: Topic, ended: Signal, *, once: bool
) -> Iterator["Message"]:
    """Records by partition, in order; with `once`, until each partition was at its end."""
    from confluent_kafka import KafkaError, KafkaException

    at_end: set[int] = set()
    while not ended.is_set():
        record = consumer.poll(POLL_SECONDS)
        if record is None:
            continue
        error, partition = record.error(), record.partition()
        if error is None:
            at_end.discard(partition or 0)
            yield record
        elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
            at_end.add(partition or 0)
            mine = {one.partition for one in consumer.assignment()}
            if once and mine <= at_end:
                return
        elif error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART or error.fatal():
            raise KafkaException(error)


def _sync(house: House, source: str, folder: Path, record: "Message") -> Synced:
    """Sync a record. Raises as `sync` does, and InputError for what its headers say wrongly."""
    headers = _headers(record)
    mapping = read_mapping(mapping_of(house.settings.data_folder, source))
    file = rule_meant(mapping.mapping, headers.get(FILE_HEADER, "")).file
    stated = {name.removeprefix(PREFIX): text for name, text in headers.items()
              if name.startswith(PREFIX)}  # fmt: skip
    said = Attributes(stated, f"header {PREFIX}", is_encoded=False).delivery(source, AGENT)
    named = replace(said, feed=said.feed or _place(record))
    path = receive(BytesIO(record.value() or b""), folder, file)
    try:
        return sync(house, [path], mapping, named)
    finally:
        discard(folder, path)


def _until_known(work: Callable[[], Synced], place: str, ended: Signal) -> Taken | None:
    """The outcome of a record, tried again while the database is away; None where it ends so."""
    while not ended.is_set():
        try:
            return Taken(place, work())
        except InputError as error:
            return Taken(place, None, error)
        except (OutsideError, StateError):
            ended.wait(AGAIN_SECONDS)
    return None


def _sent_on(
    producer: "Producer", topic: Topic, record: "Message", refusal: EvenkeelError, ended: Signal
) -> bool:
    """Put a refused record where a person finds it; tried again while the brokers are away."""
    why = [("refused_code", refusal.code.encode()), ("refused_because", str(refusal).encode()),
           ("refused_at", _place(record).encode())]  # fmt: skip
    headers = [*_pairs(record), *why]
    failed: list[object] = []

    def told(error: object, _: object) -> None:
        if error is not None:
            failed.append(error)

    while not ended.is_set():
        failed.clear()
        producer.produce(
            topic.name + REFUSED, record.value(), record.key(), headers=headers,
            on_delivery=told,
        )  # fmt: skip
        if producer.flush(REACH_SECONDS) == 0 and not failed:
            return True
        producer.purge()
        ended.wait(AGAIN_SECONDS)
    return False


def _commit(consumer: "Consumer", record: "Message") -> None:
    """Remember how far the group is; where that fails, the next record's commit covers this one."""
    from confluent_kafka import KafkaException

    with suppress(KafkaException):
        consumer.commit(message=record, asynchronous=False)


def _place(record: "Message") -> str:
    return f"{record.topic()}/{record.partition()}/{record.offset()}"


def _headers(record: "Message") -> dict[str, str]:
    """The headers as text. Raises InputError `ENVELOPE_INVALID` where one is none, or twice."""
    found: dict[str, str] = {}
    for name, value in _pairs(record):
        try:
            text = value.decode() if isinstance(value, bytes) else value or ""
        except UnicodeDecodeError:
            text = None
        if text is None or name in found:
            raise InputError(
                f"the header `{name[:100]}` " + ("stands twice" if name in found else "is no text"),
                code="ENVELOPE_INVALID", hint="state each header once, in UTF-8",
            )  # fmt: skip
        found[name] = text
    return found


def _pairs(record: "Message") -> list[tuple[str, str | bytes | None]]:
    return list(cast("list[tuple[str, str | bytes | None]]", record.headers() or []))


def _why(error: Exception) -> str:
    first = error.args[0] if error.args else error
    return str(first.str() if hasattr(first, "str") else first)
