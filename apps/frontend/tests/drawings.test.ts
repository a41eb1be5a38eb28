// What is drawn: own time, folded silences, the map's layers, lines and their words.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Edge, Node, SpanRow } from "../src/api/types.ts";
import { chartData, inWords, rangeOf, withPoint } from "../src/elements/chart-lines.ts";
import { sparkPath } from "../src/elements/spark-path.ts";
import { placed } from "../src/now/map-layout.ts";
import { childrenOf, ownTime } from "../src/trace/own-time.ts";
import { foldsOf, TimeScale } from "../src/trace/time-scale.ts";

function span(id: string, parent: string, start_us: number, duration_us: number): SpanRow {
  return { id, parent, service: "s", name: id, kind: "server", start_us, duration_us, own_us: 0, depth: 0, children: 0, error: false, message: "", critical: false, culprit: false };
}

test("a span's own time is what its children leave, also where they overlap or outlive it", () => {
  const spans = [span("a", "", 0, 100), span("b", "a", 10, 20), span("c", "a", 20, 30), span("d", "a", 90, 50)];
  assert.deepEqual(ownTime(span("a", "", 0, 100), childrenOf(spans).get("a") ?? []), [[0, 10], [50, 90]]);
  assert.deepEqual(ownTime(span("x", "", 5, 0), []), [[5, 5]]);
});

test("a silence of three hours is folded, and time still grows to the right", () => {
  const spans = [span("a", "", 0, 1_000), span("b", "a", 10_800_000, 1_000)];
  const folds = foldsOf(spans, 10_801_000);
  assert.deepEqual(folds, [{ since: 1_000, until: 10_800_000 }]);
  const scale = new TimeScale(folds, 10_801_000);
  const shares = [0, 500, 1_000, 5_000_000, 10_800_000, 10_801_000].map((at) => scale.at(at));
  assert.deepEqual(shares, [...shares].sort((one, other) => one - other));
  assert.ok(Math.abs((shares.at(-1) ?? 0) - 1) < 1e-9);
  assert.ok((shares[2] ?? 0) > 0.4);
});

test("callers stand above what they call, also in a circle", () => {
  const node = (name: string): Node => ({ name, state: "well", configured: true, calls: 0, errors: 0, incident: null });
  const edge = (caller: string, callee: string): Edge => ({ caller, callee, calls: 1, errors: 0, p95_s: null, seen: true });
  const places = placed([node("c"), node("a"), node("b"), node("lone")], [edge("a", "b"), edge("b", "c"), edge("c", "b"), edge("a", "c")]);
  const layer = (name: string) => places.find((place) => place.node.name === name)?.layer ?? -1;
  assert.equal(layer("a"), 0);
  assert.equal(layer("lone"), 0);
  assert.ok(layer("b") > 0 && layer("c") > 0);
});

test("two hundred services in a chain are placed at once", () => {
  const nodes = Array.from({ length: 200 }, (_, index): Node => ({ name: `s${index}`, state: "well", configured: true, calls: 0, errors: 0, incident: null }));
  const edges = nodes.slice(1).map((node, index): Edge => ({ caller: `s${index}`, callee: node.name, calls: 1, errors: 0, p95_s: null, seen: true }));
  assert.equal(Math.max(...placed(nodes, edges).map((place) => place.layer)), 199);
});

test("two hundred services that all call the next twenty are placed at once", () => {
  const nodes = Array.from({ length: 200 }, (_, index): Node => ({ name: `s${index}`, state: "well", configured: true, calls: 0, errors: 0, incident: null }));
  const edges = nodes.flatMap((_, index) => Array.from({ length: 20 }, (_, next): Edge => ({ caller: `s${index}`, callee: `s${(index + next + 1) % 200}`, calls: 1, errors: 0, p95_s: null, seen: true })));
  assert.equal(placed(nodes, edges).length, 200);
});

test("a gap breaks the line and a lone value is a dot", () => {
  assert.equal(sparkPath([1, null, 2], { width: 10, height: 12 }), "M0.0 6.0h.1M10.0 1.0h.1");
  assert.equal(sparkPath([], { width: 10, height: 12 }), "");
});

test("a chart without values says so, and one with values says how they are", () => {
  const empty = chartData({ times: [1], lines: {} });
  assert.equal(inWords(empty, "success"), "success: no values");
  assert.deepEqual(rangeOf(empty), [0, 1]);
  const data = chartData({ times: [1, 2], lines: { value: [0.4, 0.6], floor: [0.5, 0.5] } });
  assert.equal(inWords(data, "success"), "success: now 60 %, lowest 40 %, highest 60 %, floor 50 %, 1 of 2 points below it");
});

test("a newer point is added once", () => {
  const data = chartData({ times: [1], lines: { value: [0.4] } });
  const point = { value: 0.5, floor: null, usual: null };
  const next = withPoint(data, 2, point);
  assert.deepEqual(next.value, [0.4, 0.5]);
  assert.equal(withPoint(next, 2, point), next);
});
