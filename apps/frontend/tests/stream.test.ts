// What the stream says becomes panels: pieces to events, changes to rows, and when the page is redrawn.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { EventParser } from "../src/api/events.ts";
import { after, changed, nothing, whole } from "../src/state/panels.ts";
import { Store } from "../src/state/store.ts";

beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 }));
afterEach(() => mock.timers.reset());

const sentence = (state: string, text: string) => ({ sentence: { set: { "": { state, text } } } });

test("an event may come in pieces that end anywhere", () => {
  const parser = new EventParser();
  const text = 'retry: 1000\n\nevent: delta\nid: a-1\ndata: {"at":1}\n\nevent: beat\r\nid: a-2\r\ndata: {}\r\n\r\n';

  const events = [...text].flatMap((letter) => parser.take(letter));

  assert.deepEqual(events, [
    { name: "delta", id: "a-1", data: '{"at":1}' },
    { name: "beat", id: "a-2", data: "{}" },
  ]);
});

test("a change removes, sets and orders rows, in this order", () => {
  const rows = new Map([["a", 1], ["b", 2], ["c", 3]]);

  const next = changed(rows, { remove: ["b"], set: { c: 4, d: 5 }, order: ["d", "c", "a"] });

  assert.deepEqual([...next], [["d", 5], ["c", 4], ["a", 1]]);
  assert.deepEqual([...rows.keys()], ["a", "b", "c"]);
});

test("a known row keeps its place and a new one goes to the end", () => {
  const next = changed(new Map([["a", 1], ["b", 2]]), { set: { c: 3, a: 9 } });

  assert.deepEqual([...next], [["a", 9], ["b", 2], ["c", 3]]);
});

test("a reset forgets, and a panel of a newer server is passed over", () => {
  const before = after(nothing, "delta", { services: { set: { a: {} } } });

  const reset = after(before, "reset", { loops: { set: { 7: {} } }, unheard: { set: { x: 1 } } });

  assert.equal(reset.services.size, 0);
  assert.deepEqual([...reset.loops.keys()], ["7"]);
  assert.ok(!("unheard" in reset));
});

test("a tab that comes later is told everything in its order", () => {
  const known = after(nothing, "reset", { loops: { set: { 9: { a: 1 }, 7: { a: 2 } }, order: ["9", "7"] } });

  const told = after(nothing, "reset", structuredClone(whole(known)));

  assert.deepEqual([...told.loops], [["9", { a: 1 }], ["7", { a: 2 }]]);
});

test("numbers are drawn once a second, a changed state and a fact at once", () => {
  const store = new Store();
  let drawn = 0;
  store.subscribe(() => {
    drawn += 1;
  });

  store.take("reset", 5, sentence("well", "1"));
  store.take("delta", 6, sentence("well", "2"));
  store.take("delta", 7, sentence("well", "3"));
  assert.equal(drawn, 1);
  mock.timers.tick(1_000);
  assert.equal(drawn, 2);

  store.take("delta", 8, sentence("failing", "4"));
  store.take("delta", 9, { feed: { set: { "7/1": {} } } });
  assert.equal(drawn, 4);
});

test("the server's clock counts, however wrong the browser's is", () => {
  const store = new Store();

  store.take("reset", 5_000_000, {});
  mock.timers.tick(2_000);

  assert.equal(store.now(), 5_002_000);
  assert.equal(store.ahead, -4_000_000);
});

test("what was heard long ago is old", () => {
  const store = new Store();
  assert.equal(store.old, false);

  store.take("reset", 1, {});
  mock.timers.tick(12_001);

  assert.equal(store.old, true);
});
