// `<sre-sheet>`: a dialog on glass. It begins with the focus on what changes nothing, and Escape closes it.
import { css, html } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import { PageElement } from "./page-element.ts";
import { narrow, shared, solid } from "./shared.ts";

@customElement("sre-sheet")
export class Sheet extends PageElement {
  @property() heading = "";
  @query("dialog") private dialog!: HTMLDialogElement;

  static override styles = [
    shared,
    css`
      dialog { inline-size: min(var(--sheet), calc(var(--view-inline) - 2 * var(--space-4))); max-block-size: calc(var(--view-block) - 2 * var(--space-5)); padding: var(--space-5); color: var(--text-1); background: var(--glass); border: var(--hairline) solid var(--glass-edge); border-radius: var(--radius-glass); box-shadow: 0 var(--space-4) var(--glow) var(--shade); backdrop-filter: blur(var(--blur-glass)); overflow: auto; }
      dialog::backdrop { background: var(--veil); }
      dialog[open] { animation: rise var(--time-panel) ease-out; }
      @keyframes rise { from { opacity: 0; transform: translateY(var(--space-3)); } }
      h2 { font: var(--type-lead); text-transform: none; letter-spacing: normal; color: var(--text-1); margin-bottom: var(--space-3); overflow-wrap: anywhere; }
      @media ${narrow} { dialog { inline-size: var(--view-inline); max-inline-size: var(--view-inline); margin: auto 0 0; border-end-start-radius: 0; border-end-end-radius: 0; padding: var(--space-4); } }
      @media ${solid} { dialog { backdrop-filter: none; border-color: currentColor; } }
    `,
  ];

  /** Open it; what has `autofocus` in it gets the focus. */
  async show(): Promise<void> {
    await this.updateComplete;
    if (this.dialog.open) return;
    this.dialog.showModal();
    this.querySelector<HTMLElement>("[autofocus]")?.focus();
  }

  /** Close it. */
  close(): void {
    this.dialog.close();
  }

  protected override render() {
    return html`<dialog aria-labelledby="heading" @close=${() => this.dispatchEvent(new Event("closed"))}>
      <h2 id="heading">${this.heading}</h2><slot></slot></dialog>`;
  }
}
