"""What can be set from outside: environment variables that start with KITH_."""

import re
from pathlib import Path

from pydantic import field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


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

    @field_validator("database_url")
    @classmethod
    def is_one_of_the_two_databases(cls, url: str) -> str:
        if url and not re.match(r"(postgres(ql)?(\+psycopg)?|sqlite)://", url):
            raise ValueError("KITH_DATABASE_URL is postgresql://user:password@host/database, or left out for SQLite")
        return url

    @property
    def store_url(self) -> str:
        """The store's SQLAlchemy URL."""
        if self.database_url:
            return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", self.database_url)
        return f"sqlite:///{self.home / 'kith.sqlite'}"

    @property
    def releases(self) -> Path:
        return self.home / "releases"

    @property
    def reports(self) -> Path:
        return self.home / "reports"
