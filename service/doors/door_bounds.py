"""How much the doors take from a source at once, from the environment; every one has a default."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from graph.settings import read_environment


class DoorBounds(BaseSettings):
    """Bounds of what comes in (per source) and of what goes out (per reader).

    `rate_per_minute` deliveries of a source begin in the long run, `burst_deliveries` at once;
    `queue_deliveries` of `queue_bytes` together may wait. An upload ends after `upload_seconds`,
    or once no byte came for `stall_seconds`. `inbox_workers` sources are worked at a time.
    `change_readers` may follow the changes at once; one that takes nothing for `reader_seconds`
    is cut off, and gets a sign of life every `heartbeat_seconds`. `sockets` may be open for
    GraphQL; one says who it is within `init_seconds`, and asks `socket_operations` at a time.
    Of readers and sockets one caller has a share (`service.budgets.CallerBounds`).
    """

    model_config = SettingsConfigDict(
        env_prefix="EVENKEEL_", populate_by_name=True, env_ignore_empty=True, extra="ignore",
        frozen=True,
    )  # fmt: skip

    rate_per_minute: int = Field(default=120, ge=1, le=60_000)
    burst_deliveries: int = Field(default=30, ge=1, le=10_000)
    queue_deliveries: int = Field(default=16, ge=1, le=1_000)
    queue_bytes: int = Field(default=512 * 2**20, ge=1)
    upload_seconds: int = Field(default=600, ge=1)
    stall_seconds: int = Field(default=20, ge=1)
    inbox_workers: int = Field(default=4, ge=2, le=64)
    change_readers: int = Field(default=16, ge=1, le=1_000)
    reader_seconds: int = Field(default=30, ge=1)
    heartbeat_seconds: int = Field(default=15, ge=1)
    sockets: int = Field(default=64, ge=1, le=10_000)
    init_seconds: int = Field(default=5, ge=1)
    socket_operations: int = Field(default=16, ge=1, le=1_000)


def bounds_from_environment() -> DoorBounds:
    """The bounds of this process; raises InputError `BAD_SETTING` naming the variable."""
    return read_environment(DoorBounds)
