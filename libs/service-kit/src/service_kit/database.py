"""The database of a service: an engine whose statements are spans."""

from typing import Any

from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """The tables of the service that runs in this process."""


def open_database(url: str, pool_size: int) -> Engine:
    """An engine with its tables made. SQLite waits for a lock and lets readers go on meanwhile."""
    engine = create_engine(url, pool_size=pool_size, pool_pre_ping=not url.startswith("sqlite"))
    if url.startswith("sqlite"):
        event.listen(engine, "connect", _tune)
    SQLAlchemyInstrumentor().instrument(engine=engine)
    Base.metadata.create_all(engine)
    return engine


def _tune(connection: Any, _: Any) -> None:  # noqa: ANN401 - a DBAPI connection has no type
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=5000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
