"""What can be set from outside: environment variables that start with KITH_."""

import re
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

OWN_ISSUER = "kith"
"""The `iss` of the tokens that Kith signs itself."""


class Settings(BaseSettings):
    """Each field is read from KITH_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="KITH_", use_attribute_docstrings=True)

    home: Path = Path("var")
    """Folder for the SQLite file, releases and reports."""
    database_url: str = ""
    """The store, as an SQLAlchemy or libpq URL; empty: SQLite under KITH_HOME."""
    database_pool: int = 10
    """Connections that one process keeps to PostgreSQL."""
    pseudonym_key: str = ""
    """The key of releases' pseudonyms, 32 characters or more; empty: made once and kept under KITH_HOME."""
    rate_limit: int = Field(2000, ge=1)
    """Requests a second that one process takes from one source, and twice as many at once after a quiet time."""
    public_url: str = ""
    """The address that clients know the service by; a client assertion is for it, or for `/oauth/token` if empty."""
    issuer: str = ""
    """The `iss` of an external issuer whose tokens are taken too; empty: Kith's own only."""
    issuer_audience: str = ""
    """The `aud` that a token of that issuer is for."""
    issuer_keys: str = ""
    """Where that issuer's public keys are: the https address of a JSON Web Key Set, or a file."""
    issuer_client_claim: str = "client_id"
    """Which claim of such a token is the client's id."""
    audit_key: Path = Path()
    """The key that checkpoints of the audit are signed with; empty: under KITH_HOME. Made by kith audit key."""
    audit_exports: Path = Path()
    """Folder for the audit's exports, best on another machine's disk; empty: under KITH_HOME."""
    seal_seconds: float = 60
    """How often the service seals audit and journal; 0: it does not."""
    export_seconds: float = 3600
    """How often the service exports signed checkpoints, where it has the key; 0: it does not."""

    @field_validator("database_url")
    @classmethod
    def is_one_of_the_two_databases(cls, url: str) -> str:
        if url and not re.match(r"(postgres(ql)?(\+psycopg)?|sqlite)://", url):
            raise ValueError("KITH_DATABASE_URL is postgresql://user:password@host/database, or left out for SQLite")
        return url

    @field_validator("public_url", "issuer_keys")
    @classmethod
    def is_not_open_to_others_on_the_way(cls, place: str, info: ValidationInfo) -> str:
        name = f"KITH_{info.field_name}".upper()
        if place.startswith("http://") and urlsplit(place).hostname not in ("localhost", "127.0.0.1", "::1"):
            raise ValueError(f"{name} begins with https://: what comes over plain http may be anybody's")
        if info.field_name == "public_url" and place and not re.match(r"https?://[^/]", place):
            raise ValueError(f"{name} is an address, such as https://kith.example")
        return place.rstrip("/") if info.field_name == "public_url" else place

    @model_validator(mode="after")
    def has_the_whole_issuer_or_none(self) -> Self:
        parts = {name: getattr(self, name) for name in ("issuer", "issuer_audience", "issuer_keys")}
        missing = [f"KITH_{name}".upper() for name, value in parts.items() if not value]
        if len(missing) in (1, 2):
            raise ValueError(f"An external issuer needs {' and '.join(missing)} too")
        if self.issuer == OWN_ISSUER:
            raise ValueError(f"KITH_ISSUER is the issuer's own name; {OWN_ISSUER} is what Kith signs its own tokens as")
        return self

    @property
    def store_url(self) -> str:
        """The store's SQLAlchemy URL."""
        if self.database_url:
            return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", self.database_url)
        return f"sqlite:///{self.home / 'kith.sqlite'}"

    @property
    def signing_key(self) -> Path:
        """The private key of checkpoints."""
        return self.home / "audit-key.pem" if self.audit_key == Path() else self.audit_key

    @property
    def exports(self) -> Path:
        """The folder of the audit's exports."""
        return self.home / "audit" if self.audit_exports == Path() else self.audit_exports

    @property
    def releases(self) -> Path:
        return self.home / "releases"

    @property
    def data_docs(self) -> Path:
        return self.home / "data-docs"

    @property
    def reports(self) -> Path:
        return self.home / "reports"
