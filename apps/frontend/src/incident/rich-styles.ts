// How sanitized Markdown looks.
import { css } from "lit";

export const richStyles = css`
  .rich { overflow-wrap: anywhere; max-inline-size: var(--prose); }
  .rich > * + * { margin-block-start: var(--space-2); }
  .rich h2, .rich h3, .rich h4 { font: var(--type-title); text-transform: none; letter-spacing: normal; color: var(--text-1); margin-block-start: var(--space-4); }
  .rich ul, .rich ol { padding-inline-start: var(--space-5); list-style: disc; }
  .rich code { font: var(--type-mono); background: var(--raised); padding: 0 var(--space-1); border-radius: var(--space-1); }
  .rich pre { white-space: pre-wrap; background: var(--page); border: var(--hairline) solid var(--line); border-radius: var(--radius-chip); padding: var(--space-3); }
  .rich table { border-collapse: collapse; }
  .rich th, .rich td { text-align: start; padding: var(--space-1) var(--space-4) var(--space-1) 0; border-block-end: var(--hairline) solid var(--line); }
  .rich th { color: var(--text-2); font: var(--type-small); }
`;
