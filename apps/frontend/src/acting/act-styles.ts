// How the dialogs of orders look.
import { css } from "lit";
import { narrow } from "../elements/shared.ts";

export const actStyles = css`
  .act { display: grid; gap: var(--space-3); }
  .act label { display: grid; gap: var(--space-1); color: var(--text-2); }
  .act label.check { display: flex; align-items: center; gap: var(--space-2); color: var(--text-1); min-height: var(--target); }
  .act input, .act select { min-height: var(--row); color: var(--text-1); }
  .act input[type="checkbox"] { min-height: 0; inline-size: var(--space-4); block-size: var(--space-4); accent-color: var(--focus); }
  fieldset { border: 0; margin: 0; padding: 0; max-block-size: var(--map-height); overflow: auto; }
  legend { color: var(--text-2); padding: 0; }
  .buttons { display: flex; flex-wrap: wrap; justify-content: end; gap: var(--space-2); margin-block-start: var(--space-2); }
  .buttons button { min-height: var(--row); padding-inline: var(--space-4); }
  @media ${narrow} { .buttons { display: grid; grid-auto-flow: column; grid-auto-columns: 1fr; } .buttons button { min-height: var(--touch); } .act label.check { min-height: var(--touch); } }
`;
