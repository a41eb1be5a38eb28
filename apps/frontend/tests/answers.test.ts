// The four questions, the counts of steps, and what the charts show of them.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DecisionNow, IncidentAnswer, Loop, TrialRow } from "../src/api/types.ts";
import { isolated } from "../src/elements/chart-lines.ts";
import { waitsFor } from "../src/now/loop-words.ts";
import { stateShown } from "../src/now/service-words.ts";
import { answersOf, infinitive, wrongBelow } from "../src/words/answers.ts";
import { stepCounts } from "../src/words/steps.ts";

const loop = { progress: null, waits_for_person: false } as Loop;
const decision = { remedy: "REVERT", service: "checkout", command: "MITIGATION: PR REVERT checkout", edits: [{ file: "f", key: "LIMIT", old: "1", new: "5" }], waits: false } as unknown as DecisionNow;
const trial = { command: decision.command, result: "done", undone: "", outcome: null } as unknown as TrialRow;
const answers: IncidentAnswer["answers"] = {
  wrong: { text: "checkout does not answer: 3 of 9 attempts failed", detail: "no connection, since 12:00:00 UTC", state: "failing" },
  why: { text: "A change broke checkout", detail: "CONFIRMED", state: "well" },
  done: { text: "server", detail: "pull request 8 merged", state: "acting" },
  over: { text: "Not yet", detail: "Brain decides now", state: "failing" },
};

type Told = Parameters<typeof answersOf>[0];

function told(more: Partial<Told>): Told {
  return { answers, decision, trials: [trial], is_open: true, loop, moments: [], chart: { of: "" } as IncidentAnswer["chart"], ...more };
}

function said(more: Partial<Told>): string[] {
  return answersOf(told(more)).map(({ asks, text }) => `${asks}: ${text}`);
}

test("an open incident answers why, what is done and is it over; the sentence above says what is wrong", () => {
  assert.deepEqual(said({}), ["Why: A change broke checkout", "What is being done: Fixer reverted the change of checkout", "Is it over: No"]);
  assert.equal(answersOf(told({}))[1]?.detail, "LIMIT 1 → 5; pull request 8 merged");
});

test("before a decision the agents look for the cause, and before the action Fixer is about to act", () => {
  assert.equal(said({ decision: null, trials: [] })[1], "What is being done: The agents look for the cause");
  assert.equal(said({ trials: [] })[1], "What is being done: Fixer is about to revert the change of checkout");
});

test("a plan that waits asks a person", () => {
  const answer = said({ decision: { ...decision, remedy: "RESTART", waits: true }, trials: [], loop: { ...loop, waits_for_person: true } });
  assert.deepEqual(answer.slice(1), ["What is being done: A person is asked: may Fixer restart checkout?", "Is it over: No: it waits for a person"]);
});

test("what did not help is said, with what was undone before", () => {
  const undone = { ...trial, undone: "done", outcome: "WORSE" };
  assert.deepEqual(said({ trials: [undone] }).slice(1), ["What is being done: Fixer reverted the change of checkout, and undid it", "Is it over: No: the change made it worse"]);
  const called = { ...trial, command: "ESCALATE", result: "escalated" };
  const answer = answersOf(told({ decision: { ...decision, remedy: "ESCALATE", command: "ESCALATE", edits: [] }, trials: [undone, called], loop: { ...loop, waits_for_person: true } }));
  assert.deepEqual([answer[1]?.text, answer[1]?.detail], ["A person was called", "1 change before it did not help and was undone; pull request 8 merged"]);
  assert.equal(answer[2]?.text, "No: a person has to act");
});

test("a recovery is measured, then said with how long it took", () => {
  const measuring = { ...answers, over: { ...answers.over, state: "acting" as const } };
  const progress = { good: 50, bad: 6, needed: 30, visits: 12, since: 0 };
  const [, , over] = answersOf(told({ answers: measuring, loop: { ...loop, progress } }));
  assert.deepEqual([over?.text, over?.detail], ["Not yet: being measured", "12 of 30 good visits in a row; 50 good and 6 bad attempts since the action"]);
  const recovered = { ...answers, over: { text: "Over", detail: "", state: "well" as const } };
  const ended = said({ answers: recovered, is_open: false, moments: [{ name: "verified", at: 0, after_s: 21, agent: "scout", seq: 4 }] });
  assert.deepEqual([ended[0], ended[2], ended[3]], ["What was wrong: checkout does not answer: 3 of 9 attempts failed", "What was done: Fixer reverted the change of checkout", "Is it over: Yes: recovered after 21 s"]);
});

test("an end without a change says so, and what is unknown stays as the server says it", () => {
  const cleared = { ...trial, result: "cleared" };
  assert.equal(said({ trials: [cleared] })[1], "What is being done: Fixer did not revert the change of checkout: it ended first");
  assert.equal(said({ trials: [{ ...trial, result: "refused" }] })[1], "What is being done: Fixer did not revert the change of checkout: refused");
  assert.equal(said({ answers: { ...answers, over: { text: "Not known", detail: "", state: "unknown" } } })[2], "Is it over: Not known");
});

test("each remedy is said as a deed", () => {
  const words = (remedy: string) => infinitive({ ...decision, remedy });
  assert.deepEqual(["RESTART", "SCALE", "SET-CONFIG", "ESCALATE"].map(words), ["restart checkout", "scale checkout", "set LIMIT of checkout", "call a person"]);
});

test("below what is wrong stands only what it does not say itself", () => {
  assert.equal(wrongBelow(answers.wrong), "First symptom: no connection, since 12:00:00 UTC");
  assert.equal(wrongBelow(answers.wrong, "buy"), "Journey buy. First symptom: no connection, since 12:00:00 UTC");
  assert.equal(wrongBelow({ text: "Fewer finish: 0 of 37 bought", detail: "0 of 37 bought, since 12:00:00 UTC" }), "Since 12:00:00 UTC");
});

test("steps are counted in words from their names", () => {
  assert.equal(stepCounts({ first: "order_placed", second: "order paid", asked: 1204, bought: 743 }), "1,204 orders placed → 743 paid");
  assert.equal(stepCounts({ first: "cart.opened", second: "delivery-booked", asked: 1, bought: 2 }), "1 cart opened → 2 deliveries booked");
  assert.equal(stepCounts({ first: "search", second: "box_taken", asked: 9, bought: 2 }), "9 × search → 2 boxes taken");
});

test("a service that an open incident accuses is not shown as well", () => {
  assert.equal(stateShown({ state: "well", incident: 7 }, { state: "acting" }), "acting");
  assert.equal(stateShown({ state: "well", incident: 7 }, { state: "failing" }), "degraded");
  assert.equal(stateShown({ state: "failing", incident: 7 }, { state: "acting" }), "failing");
  assert.equal(stateShown({ state: "well", incident: null }, undefined), "well");
});

test("what an incident waits for is said as people say it", () => {
  assert.equal(waitsFor("brain: decide"), "next: Brain decides");
  assert.equal(waitsFor("a person"), "waits for a person");
});

test("a value between two gaps is drawn as a dot", () => {
  assert.deepEqual(isolated([0.5, null, 0.4, 0.4, null, 0, undefined]), [0, 5]);
});
