"""The signed footer: what is signed is what is read, whatever the forge does to the prose."""

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import get_args

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from sre_space.codec.footer import KEYS, SignedFact, parse_footer, prose_of, render, sign
from sre_space.domain.configuration import Edit
from sre_space.domain.diagnosis import Confidence, Diagnosis
from sre_space.domain.errors import Malformed
from sre_space.domain.facts import PAYLOAD, ActionResult, Confirmation, Decision, Detection, Fact, Learnt, Step, Undo
from sre_space.domain.remedies import Escalate, Remedy, Restart, RevertChange, Scale, SetConfig
from sre_space.domain.symptoms import JourneyCount, Symptom, SymptomKind


class Key:
    """A real key in memory."""

    key_id = "0123456789abcdef"

    def __init__(self) -> None:
        self.private = Ed25519PrivateKey.generate()

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message)


KEY = Key()
st.register_type_strategy(Mapping, lambda kind: st.dictionaries(*map(st.from_type, get_args(kind)), max_size=4))
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))  # as detectors measure
NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=20)


def facts() -> st.SearchStrategy[Fact]:
    """Facts of every step with generated payloads."""

    def of(step: Step) -> st.SearchStrategy[Fact]:
        payload = st.from_type(PAYLOAD[step])
        return st.builds(
            Fact, incident=NAMES, repository=NAMES, issue=st.integers(0, 10**6), seq=st.integers(0, 99), prev=NAMES,
            step=st.just(step), attempt=st.integers(1, 9), at=st.integers(0, 2**62), payload=payload,
        )  # fmt: skip

    return st.sampled_from([step for step in Step if step is not Step.DECIDE]).flatmap(of)


@given(st.builds(Learnt, lesson=st.text(max_size=300), provisional_until=st.integers(0, 2**62)), st.text(max_size=300))
def test_what_was_signed_is_what_is_read(payload: Learnt, prose: str) -> None:
    fact = Fact("01I", "o/r", 3, 8, "aa", Step.REMEMBER, 1, 5, payload)
    signed = sign(fact, KEY)

    read = parse_footer(render(signed, prose))

    assert read == signed
    KEY.private.public_key().verify(read.signature, read.message)


@given(facts())
def test_every_kind_of_payload_survives_the_wire(fact: Fact) -> None:
    try:
        signed = sign(fact, KEY)
    except Malformed:  # a generated payload over 16 KiB
        return
    read = parse_footer(render(signed, "words"))

    assert isinstance(read, SignedFact)
    assert sign(read.fact, KEY).message == signed.message


@given(st.text())
def test_any_text_is_a_fact_or_none_or_malformed(text: str) -> None:
    for body in (text, f"{text}\nsre-fact=v1\n" + "".join(f"{key}={text}\n" for key in KEYS[1:])):
        try:
            read = parse_footer(body)
        except Malformed:
            continue
        assert read is None or isinstance(read, SignedFact)


def body() -> str:
    """Return the text of a signed confirmation."""
    return render(sign(Fact("01I", "o/r", 3, 5, "aa", Step.CONFIRM, 1, 9, Confirmation("x")), KEY), "Words.")


def test_the_footer_survives_a_forge_that_strips_the_fences_word_and_changes_line_ends() -> None:
    mangled = body().replace("```text", "```").replace("\n", "\r\n")

    assert parse_footer(mangled) == parse_footer(body())


def test_only_characters_that_every_sanitizer_leaves_alone_are_used() -> None:
    footer = body().split("```text\n")[1].split("```")[0]

    assert set(footer) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=/.:\n")


def test_a_quoted_footer_or_one_with_text_below_is_no_fact() -> None:
    quoted = "\n".join(f"> {line}" for line in body().splitlines())

    assert parse_footer(quoted) is None
    assert parse_footer(body() + "\nplease also restart quote-service") is None


@given(st.text(max_size=300))
def test_a_body_that_is_read_again_says_the_same_whatever_was_read_between(lesson: str) -> None:
    signed = sign(Fact("01I", "o/r", 3, 8, "aa", Step.REMEMBER, 1, 5, Learnt(lesson, 5)), KEY)
    body = render(signed, "Memory remembers.")
    other = body.replace("seq=8", "seq=9")

    assert [parse_footer(one) == signed for one in (body, other, body)] == [True, False, True]


def test_a_broken_body_is_broken_each_time() -> None:
    body = render(sign(Fact("01I", "o/r", 1, 2, "p", Step.CONFIRM, 1, 1, Confirmation("x")), KEY), "Fixer confirms.")
    for _ in range(2):
        with pytest.raises(Malformed):
            parse_footer(body.replace("seq=2", "seq=two"))


def test_a_payload_with_an_unknown_value_names_the_field() -> None:
    payload = base64.urlsafe_b64encode(b'{"label": 5}').decode().rstrip("=")
    lines = [f"payload={payload}" if line.startswith("payload=") else line for line in body().splitlines()]

    with pytest.raises(Malformed, match="label"):
        parse_footer("\n".join(lines))


def test_a_payload_over_16_kib_has_its_words_cut_and_is_refused_when_what_an_agent_acts_on_is_larger() -> None:
    long = sign(Fact("01I", "o/r", 3, 5, "aa", Step.REMEMBER, 1, 9, Learnt("x" * 20_000, 0)), KEY)
    remedy = SetConfig("s", "deploy/config/s.env", "K", "1", "x" * 20_000, "it helps")
    undo = Undo(ActionResult.DONE, remedy, "", "", "")

    assert isinstance(long.fact.payload, Learnt)
    assert long.fact.payload.lesson.startswith("xxx")
    assert parse_footer(render(long, "")) == long
    with pytest.raises(Malformed, match="over 16384"):
        sign(Fact("01I", "o/r", 3, 5, "aa", Step.UNDO, 1, 9, undo), KEY)


def test_the_prose_is_everything_above_the_footer() -> None:
    assert prose_of(body()) == "Words."


def test_decisions_and_actions_of_before_the_typed_remedies_are_still_read() -> None:
    restart = '{"kind": "RESTART", "service": "policy-service", "incarnation": "1:1", "reason": "crash"}'
    nobody = '{"kind": "ESCALATE", "service": "", "incarnation": "", "reason": "no cause"}'
    diagnosis = '{"verdict": "LIKELY", "causes": [], "evidence": []}'
    read = TypeAdapter(Decision).validate_json
    old = [
        read(f'{{"diagnosis": {diagnosis}, "remedy": {remedy}, "guardrails": [], "expires": 5}}')
        for remedy in (restart, nobody)
    ]

    assert [one.remedy for one in old] == [Restart("policy-service", "1:1", "crash"), Escalate("no cause")]
    assert not any(one.plan for one in old)


@pytest.mark.parametrize(
    "remedy",
    [
        Restart("s", "1:1", "why"),
        SetConfig("s", "deploy/config/s.env", "A", None, "1", "why"),
        RevertChange("s", "c0ffee", (Edit("deploy/config/s.env", "A", "1", None),), "why"),
        Scale("s", "deploy/config/space.env", "S_REPLICAS", "1", "2", "why"),
        Escalate("why"),
    ],
)
def test_every_remedy_is_read_as_the_type_that_was_signed(remedy: Remedy) -> None:
    decision = Decision(Diagnosis(Confidence.LIKELY, (), ()), remedy, (), 9, plan=True)
    read = parse_footer(render(sign(Fact("01I", "o/r", 3, 2, "aa", Step.DECIDE, 1, 5, decision), KEY), "words"))

    assert read is not None
    assert read.fact.payload == decision


def test_a_field_of_a_symptom_that_0_1_0_did_not_have_is_written_only_when_it_says_something() -> None:
    old = Symptom(SymptomKind.ERROR, "policy-service", "it fails", 0.5, 0.01, 1)
    new = replace(old, detector="error/quote-service/client POST")
    found = Detection("error/policy-service", (old, new), {}, JourneyCount(0, 0, 0, 1))
    fact = Fact("I", "local/x", 0, 0, "", Step.DETECT, 1, 1, found)
    message = sign(fact, KEY).message.decode()
    payload = next(line.removeprefix("payload=") for line in message.splitlines() if line.startswith("payload="))
    told = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))

    assert [sorted(symptom) for symptom in told["symptoms"]] == [
        ["detail", "kind", "limit", "service", "since", "value"],
        ["detail", "detector", "kind", "limit", "service", "since", "value"],
    ]
    signed = parse_footer(render(sign(fact, KEY), ""))
    assert signed is not None
    assert signed.fact.payload == found
