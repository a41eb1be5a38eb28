// `<sre-edits>`: the typed change, key by key, as it will be written.
import { css, html } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Edit } from "../api/types.ts";
import { PageElement } from "../elements/page-element.ts";
import { shared } from "../elements/shared.ts";

@customElement("sre-edits")
export class Edits extends PageElement {
  @property({ attribute: false }) edits: readonly Edit[] = [];

  static override styles = [
    shared,
    css`
      .file { color: var(--text-3); font: var(--type-small); }
      .diff { margin-block: var(--space-2); padding: var(--space-2) var(--space-3); background: var(--page); border: var(--hairline) solid var(--line); border-radius: var(--radius-chip); font: var(--type-mono-body); overflow-wrap: anywhere; }
      .old { color: var(--text-2); }
      .new { color: var(--text-1); }
    `,
  ];

  protected override render() {
    return this.edits.map(
      (edit) => html`<div class="diff"><div class="file">${edit.file}</div>
        ${edit.old === null ? html`<div class="old">(${edit.key} is not set)</div>` : html`<div class="old">− ${edit.key}=${edit.old}</div>`}
        ${edit.new === null ? html`<div class="new">(${edit.key} is removed)</div>` : html`<div class="new">+ ${edit.key}=${edit.new}</div>`}</div>`,
    );
  }
}
