"""What the environment says about the issuer of access tokens."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384",
                        "ES512", "EdDSA"})  # fmt: skip
"""By public key alone: whoever can check such a token cannot make one."""


class IssuerSettings(BaseSettings):
    """Settings from EVENKEEL_OIDC_...; without an issuer there is none.

    `jwks` is an address or a file. A token counts `skew_seconds` longer and earlier than it says.
    Keys are read again when they are older than `jwks_fresh_seconds`, and for a name that is not
    known, at most once in `jwks_again_seconds`; they count for `jwks_kept_seconds`.
    """

    model_config = SettingsConfigDict(env_prefix="EVENKEEL_OIDC_", env_ignore_empty=True,
                                      extra="ignore", frozen=True)  # fmt: skip

    issuer: str = ""
    audience: str = ""
    jwks: str = ""
    skew_seconds: int = Field(default=30, ge=0, le=300)
    jwks_again_seconds: float = Field(default=10.0, ge=1.0, le=3_600.0)
    jwks_fresh_seconds: float = Field(default=600.0, ge=1.0, le=86_400.0)
    jwks_kept_seconds: float = Field(default=86_400.0, ge=1.0, le=604_800.0)
