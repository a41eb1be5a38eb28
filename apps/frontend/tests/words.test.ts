// Numbers, states and reasons as people read them.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { LoopStep, Sources } from "../src/api/types.ts";
import { evidenceName } from "../src/incident/evidence-words.ts";
import { causeWords, outcomeWords } from "../src/incidents/row-words.ts";
import { stepWords } from "../src/now/loop-words.ts";
import { serviceWords } from "../src/now/service-words.ts";
import { banners, type Heard } from "../src/shell/banner-words.ts";
import { bytes, count, countdown, later, many, percent, rate, seconds, times } from "../src/words/numbers.ts";
import { colourOf, hueOf, readable, wordOf } from "../src/words/states.ts";

test("what is not known is a dash, never zero", () => {
  for (const words of [percent, count, rate, seconds, bytes, times]) assert.equal(words(null), "–");
  assert.equal(later(null), "");
});

test("a share has more digits near its ends and is never rounded up to all or down to none", () => {
  const shares = [0, 0.0004, 0.003, 0.058, 0.61, 0.995, 0.9997, 0.999999, 1];
  assert.deepEqual(shares.map(percent), ["0 %", "0.04 %", "0.3 %", "5.8 %", "61 %", "99.5 %", "99.97 %", "99.99 %", "100 %"]);
});

test("durations have the unit that fits", () => {
  const values = [0, 0.0000431, 0.0049, 0.6, 1.25, 46, 180, 10_800, 300_000];
  assert.deepEqual(values.map(seconds), ["0 s", "43 µs", "4.9 ms", "600 ms", "1.3 s", "46 s", "3 min", "3 h", "3 days"]);
  assert.deepEqual([later(4.1), later(-2), later(265.9)], ["+4.1 s", "−2 s", "+4:25 min"]);
  assert.deepEqual([countdown(761_000), countdown(-5), countdown(3_900_000)], ["12:41", "0:00", "1 h 5 min"]);
});

test("rates, counts and memory", () => {
  assert.deepEqual([rate(12.4), rate(4.25), rate(0)], ["12/s", "4.3/s", "0/s"]);
  assert.deepEqual([count(1204), many(1, "fact"), many(2, "fact")], ["1,204", "1 fact", "2 facts"]);
  assert.deepEqual([bytes(4e8), bytes(1.25e9), bytes(900)], ["400 MB", "1.3 GB", "1 kB"]);
});

test("a service has the same one of eight hues everywhere", () => {
  assert.equal(hueOf("checkout"), hueOf("checkout"));
  for (const name of ["", "a", "checkout", "très-long", "0"]) assert.ok(hueOf(name) >= 1 && hueOf(name) <= 8);
});

test("states that say little share the quiet colour", () => {
  assert.deepEqual([colourOf("failing"), colourOf("blind"), colourOf("held"), colourOf("learning")], ["failing", "unknown", "unknown", "unknown"]);
  assert.equal(wordOf("blind"), "blind");
  assert.equal(readable("order_placed"), "order placed");
});

test("a step says what it took, how far it is, or what it waits for", () => {
  const step = (state: string, text = "", name = "verify"): LoopStep => ({ step: name, agent: "scout", state, at: null, took_s: 0.6, text, until: null });
  assert.equal(stepWords(step("done", "CONFIRMED")), "CONFIRMED");
  assert.equal(stepWords(step("doing", "5 of 30 good visits in a row")), "5 of 30 good visits in a row");
  assert.equal(stepWords(step("doing")), "now …");
  assert.equal(stepWords(step("waits", "waits for a person")), "waits for a person");
  assert.equal(stepWords(step("later")), "");
});

test("a row names the failing detector and how many more there are", () => {
  const detector = { kind: "Error", operation: "", state: "failing", text: "43 of 100 failed", since: null, value: null, threshold: null, baseline: null, unit: "1" } as const;
  assert.equal(serviceWords({ state: "failing", why: "", detector, detectors: [detector, detector], restarts: 2, incident: 3, autonomy: "autonomous" }), "43 of 100 failed, and 1 more, 2 restarts");
  assert.equal(serviceWords({ state: "unknown", why: "no attempts", detector: null, detectors: [], restarts: null, incident: null, autonomy: "autonomous" }), "no attempts");
  assert.equal(serviceWords({ state: "well", why: "", detector: null, detectors: [], restarts: 0, incident: null, autonomy: "observe" }), "well, the agents only watch");
});

test("evidence is named by its kind and subject", () => {
  assert.equal(evidenceName("health:checkout"), "health: checkout");
  assert.equal(evidenceName("span:04ca81830805/f2b2"), "trace 04ca8183");
  assert.equal(evidenceName(`deployment:7437fcb3877e${"1".repeat(28)}`), "deployment: 7437fcb3877e");
});

test("a suspicion is not shown as the cause", () => {
  assert.equal(causeWords({ cause: "a crash", verdict: "INCONCLUSIVE" }), "not found; suspected: a crash");
  assert.equal(causeWords({ cause: "a crash", verdict: "CONFIRMED" }), "a crash");
});

test("an outcome says who was asked and what came back", () => {
  assert.equal(outcomeWords({ outcome: "", is_open: true, asked: true, undone: false, recurred_in: null }), "open, a person was asked");
  assert.equal(outcomeWords({ outcome: "RECOVERED", is_open: false, asked: false, undone: true, recurred_in: 9 }), "recovered, undone, came back as incident 9");
});

const live = { state: "live", age_s: 0.4, why: "" } as const;
const sources: Sources = { report: live, record: live, traces: live, runtime: live, memory: { state: "none", age_s: null, why: "" } };
const heard: Heard = { connection: "live", refused: "", quietFor: 500, heardAt: 1, ahead: 30, sources };

test("nothing is said while all is live, and a source that is not configured is nothing to say", () => {
  assert.deepEqual(banners(heard), []);
});

test("silence, a clock that is off, and a source that is away are each said", () => {
  assert.match(banners({ ...heard, connection: "lost", quietFor: 14_000 })[0] ?? "", /^No word from the dashboard for 14 s/);
  assert.match(banners({ ...heard, ahead: 3_600_000 })[0] ?? "", /60 min ahead of the server's/);
  assert.deepEqual(banners({ ...heard, sources: { ...sources, record: { state: "away", age_s: 31, why: "no connection" } } }), [
    "The incident repository is away, last heard 31 s ago: no connection.",
  ]);
});

test("a refusal is said in the server's words", () => {
  assert.deepEqual(banners({ ...heard, connection: "connecting", refused: "a token is needed" }), ["a token is needed"]);
});
