// How rows and cards of services look.
import { css } from "lit";
import { roomy } from "../elements/shared.ts";

export const serviceStyles = css`
  .scroll { overflow-x: auto; margin-inline: calc(-1 * var(--space-2)); }
  table { inline-size: 100%; border-collapse: collapse; }
  th, td { block-size: var(--row); padding: 0 var(--space-2); text-align: start; white-space: nowrap; border-block-start: var(--hairline) solid var(--line); }
  thead th { block-size: var(--row-thin); font: var(--type-small); color: var(--text-3); border: 0; }
  .n { text-align: end; }
  td.why { inline-size: 99%; max-inline-size: 0; min-inline-size: var(--why); white-space: normal; color: var(--text-2); }
  th.why { min-inline-size: var(--why); }
  tr.ill td.why { color: var(--text-1); }
  td.why .line { display: block; }
  .name { display: flex; align-items: center; gap: var(--space-2); font: var(--type-strong); }
  .limit { color: var(--text-3); }
  th.spark { text-align: end; }
  .bad { color: var(--text-1); font: var(--type-strong); }
  .restarts { display: none; }
  @media ${roomy} { .restarts { display: table-cell; } }
  tr:hover td, tr:hover th { background: var(--raised); }
  thead tr:hover th { background: transparent; }
  .cards { display: grid; }
  .cards li { display: grid; gap: var(--space-1); padding-block: var(--space-2); border-block-start: var(--hairline) solid var(--line); }
  .cards .numbers { display: flex; flex-wrap: wrap; gap: 0 var(--space-3); color: var(--text-2); font: var(--type-small); }
  .cards .name a { margin-inline-start: auto; }
`;
