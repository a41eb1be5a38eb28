"""The database of a service: an SQLAlchemy engine whose statements are traced as spans."""

import sys
from typing import Annotated, Any

from opentelemetry import metrics
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from pydantic import Field
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import QueuePool

from service_kit import vitals

WRONG_DATABASE = 2

Id = Annotated[int, Field(ge=1, le=2**31 - 1)]  # the range of INTEGER in every database


class Base(DeclarativeBase):
    """The declarative base of the tables of the service that runs in this process."""


def open_database(url: str, pool_size: int) -> Engine:
    """Return an engine with its tables created; exit with one sentence when the database cannot be opened.

    SQLite is set to wait for a lock, and to let readers continue meanwhile (WAL).
    """
    try:
        return _opened(url, pool_size)
    except (SQLAlchemyError, ImportError) as error:
        reason = str(error).strip().splitlines()[0]  # never the URL: it may contain a password
        sys.stderr.write(f"DATABASE_URL: the database cannot be opened: {reason}; see docs/settings.md\n")
        sys.exit(WRONG_DATABASE)


def _opened(url: str, pool_size: int) -> Engine:
    engine = create_engine(url, pool_size=pool_size, max_overflow=0, pool_pre_ping=not url.startswith("sqlite"))
    if url.startswith("sqlite"):
        event.listen(engine, "connect", _tune)
    SQLAlchemyInstrumentor().instrument(engine=engine)
    if isinstance(engine.pool, QueuePool):
        vitals.observe_pool(metrics.get_meter(__name__), engine.pool)
    Base.metadata.create_all(engine)
    return engine


def _tune(connection: Any, _: Any) -> None:  # noqa: ANN401 - a DBAPI connection has no type
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=5000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
