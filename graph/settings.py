"""What the environment says about where data lives and which Neo4j holds it."""

from pathlib import Path
from typing import TypeVar

from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from ontology.errors import InputError

Kind = TypeVar("Kind", bound=BaseSettings)
BESIDE_THE_CODE = Path(__file__).resolve().parent.parent / ".evenkeel"


class Settings(BaseSettings):
    """Settings from the environment; each may also be given by its field name.

    `neo4j_uri` empty means the managed local server under `home`. Paths come out absolute, with a
    leading `~` resolved. Memory sizes are written as Java writes them (`512m`, `2g`).
    """

    # the prefix keeps the machine's own HOME from being read as `home`
    model_config = SettingsConfigDict(
        env_prefix="EVENKEEL_",
        populate_by_name=True,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    home: Path = BESIDE_THE_CODE
    xdg_cache: Path = Field(default=Path("~/.cache"), validation_alias="XDG_CACHE_HOME")
    neo4j_uri: str = Field(default="", validation_alias="NEO4J_URI")
    neo4j_user: str = Field(
        default="neo4j", validation_alias=AliasChoices("NEO4J_USER", "NEO4J_USERNAME")
    )
    neo4j_password: SecretStr = Field(default=SecretStr(""), validation_alias="NEO4J_PASSWORD")
    neo4j_heap: str = Field(default="1g", pattern=r"^[1-9][0-9]*[mg]$")
    neo4j_pagecache: str = Field(default="128m", pattern=r"^[1-9][0-9]*[mg]$")
    neo4j_port: int = Field(default=0, ge=0, le=65535)
    """Bolt port of the managed server; 0 picks a free one and remembers it."""
    person: str = Field(default="", max_length=1_000)
    """Who acts from this command line; logged as a pseudonym. Empty: nobody that is named."""
    keep_file_bytes: int = Field(default=32 * 2**20, ge=0, le=2**30)
    """The files of a delivery are kept as they came, where together they are no larger; 0: none."""

    @property
    def data_folder(self) -> Path:
        """The data folder, absolute."""
        return self.home.expanduser().absolute()

    @property
    def cache(self) -> Path:
        """The folder for what can be fetched again (Neo4j's jars), absolute."""
        return self.xdg_cache.expanduser().absolute() / "evenkeel"


def settings_from_environment() -> Settings:
    """The settings of this process; raises InputError `BAD_SETTING` naming the variable."""
    return read_environment(Settings)


def read_environment(kind: type[Kind]) -> Kind:
    """Settings of a kind; raises InputError `BAD_SETTING` naming the variable."""
    try:
        return kind()
    except ValidationError as error:
        wrong = "; ".join(
            f"`{_variable(kind, str(problem['loc'][0]))}`: {problem['msg'].lower()}"
            for problem in error.errors()
        )
        raise InputError(
            f"a setting in the environment cannot be used: {wrong}",
            hint="correct or unset that variable",
            code="BAD_SETTING",
        ) from error


def _variable(kind: type[BaseSettings], name: str) -> str:
    prefix = kind.model_config.get("env_prefix", "")
    return f"{prefix}{name.upper()}" if name in kind.model_fields else name
