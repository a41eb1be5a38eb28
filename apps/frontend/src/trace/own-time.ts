// When a span was at work itself: its time without that of the spans right below it.
import type { SpanRow } from "../api/types.ts";

type Interval = readonly [number, number];

/** The children of every span, by its id. */
export function childrenOf(spans: readonly SpanRow[]): ReadonlyMap<string, readonly SpanRow[]> {
  const children = new Map<string, SpanRow[]>();
  for (const span of spans) {
    const there = children.get(span.parent);
    if (there) there.push(span);
    else children.set(span.parent, [span]);
  }
  return children;
}

/** The intervals in which the span worked itself, in order, in microseconds. */
export function ownTime(span: SpanRow, children: readonly SpanRow[]): Interval[] {
  const end = span.start_us + span.duration_us;
  const own: Interval[] = [];
  let reached = span.start_us;
  for (const child of [...children].sort((one, other) => one.start_us - other.start_us)) {
    const since = Math.min(end, child.start_us);
    if (since > reached) own.push([reached, since]);
    reached = Math.max(reached, Math.min(end, child.start_us + child.duration_us));
  }
  if (end > reached || !own.length) own.push([Math.min(reached, end), end]);
  return own;
}
