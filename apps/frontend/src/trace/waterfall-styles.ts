// How the waterfall looks: own time filled, waiting thin, red for errors only.
import { css } from "lit";
import { forced } from "../elements/shared.ts";

export const waterfallStyles = css`
  .axis, .row { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 3fr) var(--waterfall-time); gap: var(--space-3); align-items: center; }
  .axis { block-size: var(--row-thin); color: var(--text-3); font: var(--type-small); padding-inline: var(--space-2); }
  .axis .time { position: relative; block-size: 100%; }
  .tick { position: absolute; font-style: normal; white-space: nowrap; padding-inline-start: var(--space-1); border-inline-start: var(--hairline) solid var(--line); }
  .folded { border-inline-start: 0; transform: translateX(-50%); }
  .viewport { position: relative; max-block-size: var(--waterfall); overflow: auto; border-block: var(--hairline) solid var(--line); contain: strict; block-size: var(--rows); }
  .all { position: relative; }
  .row { position: absolute; inset-inline: 0; block-size: var(--row-thin); padding-inline: var(--space-2); cursor: pointer; font: var(--type-small); contain: strict; }
  .row:hover { background: var(--raised); }
  .row[aria-selected="true"] { background: var(--raised); box-shadow: inset var(--edge) 0 0 var(--focus); }
  .name { display: flex; align-items: center; gap: var(--space-2); min-width: 0; }
  .name b { font-weight: 600; }
  .name .line { color: var(--text-2); }
  .name b { color: var(--text-1); }
  .dot { flex: none; inline-size: var(--space-2); block-size: var(--space-2); border-radius: var(--radius-round); background: var(--hue); }
  .time { position: relative; block-size: 100%; overflow: hidden; }
  .time > i { position: absolute; min-inline-size: var(--stroke); }
  .wait { inset-block-start: calc(50% - var(--hairline)); block-size: var(--stroke); background: var(--hue); opacity: 0.55; }
  .own { inset-block: var(--space-2); background: var(--hue); border-radius: var(--stroke); }
  .fold { inset-block: 0; background: repeating-linear-gradient(135deg, transparent 0 var(--space-1), var(--line) var(--space-1) calc(var(--space-1) + var(--hairline))); }
  .bad .own, .bad .wait { background: var(--failing); }
  .path { inset-block-end: var(--hairline); block-size: var(--stroke); background: var(--text-2); }
  .culprit .name { outline: var(--stroke) solid var(--failing); outline-offset: calc(-1 * var(--stroke)); border-radius: var(--radius-chip); }
  .took { text-align: end; white-space: nowrap; color: var(--text-2); }
  .took b { color: var(--failing); }
  .legend { display: flex; flex-wrap: wrap; gap: var(--space-1) var(--space-4); margin-block-start: var(--space-2); color: var(--text-3); font: var(--type-small); }
  .legend span { display: inline-flex; align-items: center; gap: var(--space-2); }
  .legend i { inline-size: var(--space-4); block-size: var(--space-2); background: var(--text-3); border-radius: var(--stroke); }
  .legend .wait { block-size: var(--stroke); opacity: 1; }
  .legend .path { block-size: var(--stroke); background: var(--text-2); align-self: end; margin-block-end: var(--edge); }
  .legend .error { background: var(--failing); }
  .legend .ring { background: none; border: var(--stroke) solid var(--failing); }
  @media ${forced} { .own, .wait, .dot { forced-color-adjust: none; background: CanvasText; } }
`;
