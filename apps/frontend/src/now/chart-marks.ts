// Changes and actions as marks of the chart.
import type { Mark } from "../api/types.ts";
import type { ChartMark } from "../elements/chart-drawing.ts";

const DRAWN = new Set(["change", "action", "undo"]);
const COLOURS: Readonly<Record<string, string>> = { action: "acting", undo: "acting", change: "text-2" };

/** The changes and our own actions, each in its colour. */
export function chartMarks(marks: Iterable<Mark>): ChartMark[] {
  return [...marks].filter((mark) => DRAWN.has(mark.kind)).map((mark) => ({ at: mark.at, label: "", colour: COLOURS[mark.kind] ?? "text-2" }));
}
