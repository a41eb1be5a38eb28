// Addresses, filters, keys, and the order of rows.
import assert from "node:assert/strict";
import { test } from "node:test";
import { spanOf } from "../src/incident/story-span.ts";
import { filtersOn, question, searching, switched } from "../src/incidents/filters.ts";
import { routeOf } from "../src/routing/route.ts";
import { Keys } from "../src/shell/keys.ts";
import { Settled } from "../src/state/settled.ts";

const none = new URLSearchParams();

test("every view has an address, and anything else is said not to exist", () => {
  assert.equal(routeOf("", none).view, "now");
  assert.equal(routeOf("now", none).view, "now");
  assert.equal(routeOf("incidents", none).view, "incidents");
  assert.deepEqual(routeOf("incidents/7", none), { view: "incident", number: 7, query: none });
  assert.deepEqual(routeOf("traces/04ca", none), { view: "trace", trace: "04ca" });
  for (const path of ["incidents/0", "incidents/x", "traces/../x", "now/x", "%00"]) assert.equal(routeOf(path, none).view, "nothing", path);
});

test("a filter is switched in the address and keeps the others", () => {
  const query = new URLSearchParams("kind=Error&q=pool&before=9");
  assert.equal(switched(query, "kind", "Latency"), "incidents?q=pool&before=9&kind=Error&kind=Latency");
  assert.equal(switched(query, "kind", "Error"), "incidents?q=pool&before=9");
  assert.equal(searching(query, "  "), "incidents?kind=Error&before=9");
  assert.equal(question(query).toString(), "kind=Error&q=pool");
  assert.equal(filtersOn(query), 1);
});

const key = (name: string, ctrlKey = false) => ({ key: name, ctrlKey, metaKey: false, altKey: false });

test("g waits a moment for its second key", () => {
  const keys = new Keys();
  assert.equal(keys.command(key("g"), 0, true), undefined);
  assert.equal(keys.command(key("i"), 500, true), "incidents");
  keys.command(key("g"), 1_000, true);
  assert.equal(keys.command(key("n"), 9_000, true), undefined);
});

test("single keys can be switched off, Ctrl-K stays", () => {
  const keys = new Keys();
  assert.equal(keys.command(key("a"), 0, true), "approve");
  assert.equal(keys.command(key("a"), 0, false), undefined);
  assert.equal(keys.command(key("k", true), 0, false), "search");
});

test("rows never move under the pointer, and otherwise at most every five seconds", () => {
  const settled = new Settled(5_000);
  assert.deepEqual(settled.order(["a", "b"], 0, false), ["a", "b"]);
  assert.deepEqual(settled.order(["b", "a"], 6_000, true), ["a", "b"]);
  assert.deepEqual(settled.order(["b", "a"], 6_001, false), ["b", "a"]);
  assert.deepEqual(settled.order(["a", "b", "c"], 7_000, false), ["b", "a", "c"]);
  assert.deepEqual(settled.order(["a", "c"], 8_000, false), ["a", "c"]);
});

test("the chart shows the story with as much around it, within what is kept", () => {
  const moments = [{ name: "first symptom", at: 1_000_000, after_s: 0, agent: "", seq: null }];
  const chart = { since: 900_000, until: 1_600_000 } as never;
  assert.deepEqual(spanOf({ since: 1_000_000, ended: 1_020_000, moments, chart }, 2_000_000), { since: 970_000, until: 1_050_000 });
});
