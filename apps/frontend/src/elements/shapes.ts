// The shape of every state, drawn in a box of 16: shape first, colour second. Unknown is hollow, always.
import { svg, type SVGTemplateResult } from "lit";
import type { State } from "../api/types.ts";

const disc = svg`<circle class="fill" cx="8" cy="8" r="6.5"/>`;
const triangle = svg`<path class="fill" d="M8 1.2 15.2 14.4H.8Z"/>`;
const diamond = svg`<path class="fill" d="M8 .4 15.6 8 8 15.6.4 8Z"/><path class="ink" d="M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2"/>`;
const hexagon = svg`<path class="fill" d="M8 .6 14.6 4.3V11.7L8 15.4 1.4 11.7V4.3Z"/>`;
const dashedRing = svg`<circle class="ring dashed" cx="8" cy="8" r="6"/>`;
const partialRing = svg`<circle class="ring faint" cx="8" cy="8" r="6"/><path class="ring" d="M8 2a6 6 0 1 1-5.2 9"/>`;
const bars = svg`<path class="fill" d="M3 2h3.6v12H3ZM9.4 2H13v12H9.4Z"/>`;
const square = svg`<path class="fill" d="M2 2h12v12H2Z"/>`;
const crossedRing = svg`<circle class="ring" cx="8" cy="8" r="6"/><path class="ring" d="M5 8h6"/>`;

const SHAPES: Readonly<Record<State, SVGTemplateResult>> = {
  well: disc,
  degraded: triangle,
  failing: diamond,
  acting: hexagon,
  unknown: dashedRing,
  blind: dashedRing,
  learning: partialRing,
  held: bars,
  halted: square,
  excused: crossedRing,
};

/** The drawing of a state's shape. */
export function shapeOf(state: State): SVGTemplateResult {
  return SHAPES[state] ?? dashedRing;
}
