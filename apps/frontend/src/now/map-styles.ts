// How the map looks.
import { css } from "lit";
import { forced } from "../elements/shared.ts";

export const mapStyles = css`
  :host { display: grid; }
  .choice { display: flex; gap: var(--space-1); }
  .choice button { min-height: var(--row-thin); font: var(--type-small); }
  .drawing { overflow: auto; max-block-size: var(--viewer-tall); }
  .drawing > svg { display: block; margin-inline: auto; }
  .node { cursor: pointer; color: var(--unknown); }
  .node rect { fill: var(--raised); stroke: var(--line); }
  .node:hover rect, .node:focus-visible rect { stroke: var(--focus); stroke-width: 2; }
  .node:focus-visible { outline: none; }
  .node.foreign rect { fill: none; stroke-dasharray: 3 3; }
  .node text { font: var(--type-strong); fill: var(--text-1); dominant-baseline: central; }
  .node.foreign text { fill: var(--text-2); }
  .well { color: var(--well); }
  .degraded { color: var(--degraded); }
  .failing { color: var(--failing); }
  .acting { color: var(--acting); }
  .unknown { color: var(--unknown); }
  .fill { fill: currentColor; }
  .ink { stroke: var(--ink-on-failing); stroke-width: 2; fill: none; }
  .ring { fill: none; stroke: currentColor; stroke-width: 2; }
  .dashed { stroke-dasharray: 3.4 2.88; }
  .faint { opacity: 0.35; }
  .edge path { fill: none; stroke: var(--text-3); stroke-width: 1.5; }
  .edge.bad path { stroke: var(--failing); stroke-width: 2.5; }
  .edge.unseen-call path { stroke-dasharray: 4 4; opacity: 0.6; }
  @media ${forced} { .edge path, .node rect { stroke: CanvasText; } }
`;
