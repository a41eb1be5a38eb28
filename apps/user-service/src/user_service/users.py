"""The table of users, and the seed data."""

import random

from sqlalchemy import Engine, String, func, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from service_kit.database import Base

SEED = 20261124
CITIES = ("Berlin", "Hamburg", "Munich", "Cologne", "Leipzig", "Bremen")


class User(Base):
    """The table of customers' profiles."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    age: Mapped[int]
    city: Mapped[str] = mapped_column(String(40))
    claims: Mapped[int]


def seed(engine: Engine, count: int) -> None:
    """Fill an empty table with `count` users; the same users in every space."""
    with Session(engine) as session:
        if session.scalar(select(func.count()).select_from(User)):
            return
        rng = random.Random(SEED)
        rows = [
            {
                "id": number,
                "name": f"Customer {number}",
                "age": rng.randint(18, 85),
                "city": rng.choice(CITIES),
                "claims": min(5, int(rng.expovariate(1.2))),
            }
            for number in range(1, count + 1)
        ]
        session.execute(insert(User), rows)
        session.commit()
