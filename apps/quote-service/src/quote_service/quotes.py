"""The tables of quotes, and the requests and responses about them."""

from typing import Literal

from pydantic import BaseModel, Field
from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service_kit.database import Base, Id


class StandardTariff(Base):
    """The table that marks quotes priced by the standard tariff, because the customer's risk was not available."""

    __tablename__ = "standard_tariffs"

    quote_id: Mapped[str] = mapped_column(ForeignKey("quotes.id"), primary_key=True)


class Quote(Base):
    """The table of quotes: `requested` on receipt, `priced` after the risk assessment, `purchased` when bought."""

    __tablename__ = "quotes"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    user_id: Mapped[int]
    product: Mapped[str] = mapped_column(String(20))
    coverage: Mapped[int]
    state: Mapped[str] = mapped_column(String(20))
    premium_cents: Mapped[int] = mapped_column(default=0)
    policy_id: Mapped[int] = mapped_column(default=0)
    standard: Mapped[StandardTariff | None] = relationship(lazy="joined")


class QuoteRequest(BaseModel):
    """A customer's request for a quote."""

    user_id: Id
    product: Literal["auto", "home", "travel"]
    coverage: int = Field(20_000, ge=1_000, le=5_000_000, description="whole currency units")


class QuoteAnswer(BaseModel):
    """A quote; `premium_cents` and `policy_id` are 0 until there is one.

    `tariff` is `standard` when the quote was priced without the customer's risk, which was not available.
    """

    id: str
    user_id: int
    product: str
    coverage: int
    state: str
    premium_cents: int
    policy_id: int
    tariff: Literal["individual", "standard"]

    @classmethod
    def of(cls, quote: Quote) -> "QuoteAnswer":
        """Return the response for a stored quote."""
        return cls(
            id=quote.id,
            user_id=quote.user_id,
            product=quote.product,
            coverage=quote.coverage,
            state=quote.state,
            premium_cents=quote.premium_cents,
            policy_id=quote.policy_id,
            tariff="standard" if quote.standard else "individual",
        )
