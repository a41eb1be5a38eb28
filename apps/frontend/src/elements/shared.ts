// What every component looks like: headings, panels, buttons, links, focus.
import { css, unsafeCSS } from "lit";
import { media } from "../tokens.ts";

export const narrow = unsafeCSS(media.narrow);
export const wide = unsafeCSS(media.wide);
export const broad = unsafeCSS(media.broad);
export const roomy = unsafeCSS(media.roomy);
export const solid = unsafeCSS(media.solid);
export const still = unsafeCSS(media.still);
export const forced = unsafeCSS(media.forced);

export const shared = css`
  :host { display: block; min-width: 0; font: var(--type-body); color: var(--text-1); font-variant-numeric: tabular-nums; }
  :host([hidden]), [hidden] { display: none !important; }
  *, *::before, *::after { box-sizing: border-box; }
  h1, h2, h3, p, ul, ol, dl, dd, figure { margin: 0; padding: 0; }
  ul, ol { list-style: none; }
  .head > h2 { display: var(--heading, block); }
  h2 { font: var(--type-label); letter-spacing: var(--tracking-label); text-transform: uppercase; color: var(--text-2); }
  h3 { font: var(--type-strong); }
  a { color: var(--focus); text-decoration: none; border-radius: var(--radius-chip); }
  a:hover, p a, .words a { text-decoration: underline; text-underline-offset: var(--edge); }
  a.plain { color: inherit; }
  .panel { background: var(--panel); border: var(--hairline) solid var(--panel-line, var(--line)); border-radius: var(--radius-panel); padding: var(--space-4); }
  .head { display: flex; flex-wrap: wrap; align-items: center; gap: var(--space-2) var(--space-4); min-height: var(--head-block, var(--target)); margin-bottom: var(--head-below, var(--space-2)); }
  .head > .push { margin-left: auto; }
  .second { color: var(--text-2); }
  .third { color: var(--text-3); }
  .small { font: var(--type-small); }
  .mono { font: var(--type-mono); overflow-wrap: anywhere; }
  .line { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; min-width: 0; }
  code { font: var(--type-code); background: var(--raised); border-radius: var(--radius-chip); padding: 0 var(--space-1); overflow-wrap: anywhere; }
  .said::first-letter { text-transform: uppercase; }
  .words { overflow-wrap: anywhere; }
  .unseen { position: absolute; width: var(--hairline); height: var(--hairline); overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
  .chip { display: inline-flex; align-items: center; gap: var(--space-1); padding: 0 var(--space-2); min-height: var(--row-thin); border-radius: var(--radius-chip); background: var(--raised); color: var(--text-2); font: var(--type-small); white-space: nowrap; }
  button, select, input, textarea { font: inherit; color: inherit; }
  button, .button { display: inline-flex; align-items: center; justify-content: center; gap: var(--space-2); min-height: var(--target); padding: var(--space-1) var(--space-3); font: var(--type-strong); color: var(--text-1); background: var(--raised); border: var(--hairline) solid var(--line); border-radius: var(--radius-chip); cursor: pointer; white-space: nowrap; transition: background-color var(--time-hover), border-color var(--time-hover); }
  button:hover, .button:hover { border-color: var(--text-3); text-decoration: none; }
  button.quiet { background: transparent; border-color: transparent; color: var(--text-2); font: var(--type-body); padding: var(--space-1) var(--space-2); }
  button.quiet:hover { background: var(--raised); color: var(--text-1); }
  button[aria-pressed="true"], button[aria-expanded="true"]:not(.quiet) { border-color: var(--focus); color: var(--text-1); }
  button.first { background: var(--text-1); border-color: var(--text-1); color: var(--page); }
  button:disabled { color: var(--text-3); background: var(--panel); border-style: dashed; cursor: not-allowed; }
  input, select, textarea { min-height: var(--target); padding: var(--space-1) var(--space-2); background: var(--page); border: var(--hairline) solid var(--text-3); border-radius: var(--radius-chip); min-width: 0; }
  ::placeholder { color: var(--text-3); opacity: 1; }
  :focus-visible { outline: var(--stroke) solid var(--focus); outline-offset: var(--stroke); }
  summary { cursor: pointer; min-height: var(--row-thin); border-radius: var(--radius-chip); }
  @media ${narrow} {
    button, .button, input, select, summary { min-height: var(--touch); }
    summary { display: flex; align-items: center; gap: var(--space-2); }
    summary::after { content: "▸"; color: var(--text-3); margin-left: auto; }
    details[open] > summary::after { content: "▾"; }
    .panel { padding: var(--space-3) var(--space-4); }
  }
  @media ${forced} { .panel, .chip, button { border: var(--hairline) solid CanvasText; } }
`;
