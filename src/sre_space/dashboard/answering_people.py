"""The answers about people: who a token names, and the orders that this person gives."""

from dataclasses import dataclass

from sre_space.dashboard.acting.desk import Desk
from sre_space.dashboard.answers.acting import Me, NewOrder, OrderTaken
from sre_space.dashboard.serving.problems import Unauthorized
from sre_space.dashboard.watching import Watching
from sre_space.domain.people import PERSON_VERBS
from sre_space.ports.people import People, Person


@dataclass
class PeopleAnswers:
    """Answers about the people of this space, and carries out their orders."""

    watching: Watching
    desk: Desk
    people: People

    async def me(self, token: str) -> Me:
        """Return who the token names."""
        person = await self.people.of(token) if token else None
        number = len(self.people.names())
        if person is None:
            why = "no token was given" if not token else "the token is not known"
            add = "" if number else "; nobody can act here yet: sre-space operators add NAME"
            reads = not self.watching.setting.readers_need_token
            return Me(name=None, may=(), why=f"{why}{add}", reads=reads, operators=number)
        return Me(name=person.name, may=PERSON_VERBS, why=f"you are {person.name}", reads=True, operators=number)

    async def order(self, token: str, order: NewOrder) -> OrderTaken:
        """Carry out a person's order."""
        person: Person | None = await self.people.of(token) if token else None
        if person is None:
            raise Unauthorized("an order needs the token of a person: sre-space operators add NAME")
        taken = await self.desk.carry_out(person, order)
        await self.watching.surroundings.look()
        if order.incident is not None and taken.comment is not None:
            await self.watching.record.wake(order.incident, taken.comment)
        self.watching.stale.set()
        return taken
