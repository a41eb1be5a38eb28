"""The users, and the seed that makes some thousand of them."""

import random

from sqlalchemy import Engine, String, func, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from service_kit.database import Base

SEED = 20261124
CITIES = ("Berlin", "Hamburg", "Munich", "Cologne", "Leipzig", "Bremen")


class User(Base):
    """A customer's profile."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    age: Mapped[int]
    city: Mapped[str] = mapped_column(String(40))
    claims: Mapped[int]


def seed(engine: Engine, count: int) -> None:
    """Fill an empty table; the same users everywhere."""
    with Session(engine) as session:
        if session.scalar(select(func.count()).select_from(User)):
            return
        chance = random.Random(SEED)
        rows = [
            {
                "id": number,
                "name": f"Customer {number}",
                "age": chance.randint(18, 85),
                "city": chance.choice(CITIES),
                "claims": min(5, int(chance.expovariate(1.2))),
            }
            for number in range(1, count + 1)
        ]
        session.execute(insert(User), rows)
        session.commit()
