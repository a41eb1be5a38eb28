// The four questions, the counts of steps, and what the charts show of them.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { IncidentAnswer } from "../src/api/types.ts";
import { isolated } from "../src/elements/chart-lines.ts";
import { waitsFor } from "../src/now/loop-words.ts";
import { stateShown } from "../src/now/service-words.ts";
import { answersOf } from "../src/words/answers.ts";
import { stepCounts } from "../src/words/steps.ts";

const answers: IncidentAnswer["answers"] = {
  wrong: { text: "checkout did not answer: 3 of 9 attempts at buy failed within 10 s", detail: "Since 12:00:00 UTC.", state: "well" },
  why: { text: "A change broke checkout", detail: "CONFIRMED", state: "well" },
  done: { text: "No change: it ended first", detail: "", state: "unknown" },
  over: { text: "Not known", detail: "", state: "unknown" },
};

function said(open: boolean, more: Partial<IncidentAnswer["answers"]> = {}): string[] {
  return answersOf({ answers: { ...answers, ...more }, is_open: open }).map(({ asks, text, state }) => `${asks}: ${text} (${state})`);
}

test("an open incident answers why, what is done and is it over; the sentence above says what is wrong", () => {
  assert.deepEqual(said(true, { done: { text: "Fixer restarted checkout", detail: "", state: "acting" }, over: { text: "Not yet: being measured", detail: "", state: "acting" } }), [
    "Why: A change broke checkout (null)",
    "What is being done: Fixer restarted checkout (acting)",
    "Is it over: Not yet: being measured (acting)",
  ]);
});

test("one that has ended also answers what was wrong; where nothing was done there is no shape, where the end is unknown there is", () => {
  assert.deepEqual(said(false), [
    "What was wrong: checkout did not answer: 3 of 9 attempts at buy failed within 10 s (null)",
    "Why: A change broke checkout (null)",
    "What was done: No change: it ended first (null)",
    "Is it over: Not known (unknown)",
  ]);
});

test("how far a recovery is comes from the live steps", () => {
  const over = { text: "Not yet: being measured", detail: "5 good and 0 bad attempts since the action", state: "acting" as const };
  const steps = [{ step: "verify", state: "doing", text: "12 of 30 good visits in a row" }];
  const [, , told] = answersOf({ answers: { ...answers, over }, is_open: true }, steps);
  assert.equal(told?.detail, "12 of 30 good visits in a row");
  assert.equal(answersOf({ answers: { ...answers, over }, is_open: true })[2]?.detail, over.detail);
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
