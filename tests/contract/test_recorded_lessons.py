"""Lessons in the words of an earlier release are found by the embeddings of this one."""

from support.recorded import case_of, every_chain

from sre_space.adapters.minilm import MiniLm
from sre_space.agents.memory.lessons import question_of
from sre_space.domain.facts import Learnt


def test_the_most_similar_of_all_recorded_lessons_is_one_of_the_same_symptom() -> None:
    cases = [case_of(chain) for chain in every_chain() if chain.issue.state == "closed"]
    lessons = [learnt.lesson for case in cases if (learnt := case.latest(Learnt)) is not None]
    model = MiniLm.load()
    similar = model.embed([question_of(case) for case in cases]) @ model.embed(lessons).T

    nearest = [cases[int(number)].detection.key for number in similar.argmax(axis=1)]
    assert nearest == [case.detection.key for case in cases]
