// `<sre-help>`: the theme, the keys, what the shapes mean.
import { css, html } from "lit";
import { customElement } from "lit/decorators.js";
import { ActDialog } from "../acting/act-dialog.ts";
import { actStyles } from "../acting/act-styles.ts";
import type { State } from "../api/types.ts";
import { shared } from "../elements/shared.ts";
import { chooseTheme, keysAreOn, switchKeys, type Theme, theme } from "../state/preferences.ts";
import { wordOf } from "../words/states.ts";
import "../elements/sheet.ts";
import "../elements/state-shape.ts";

const THEMES: readonly Theme[] = ["system", "dark", "light"];
const STATES: readonly State[] = ["well", "degraded", "failing", "acting", "unknown", "learning", "held", "halted", "excused"];
const KEYS = [
  ["g n, g i", "Now, Incidents"],
  ["/ or Ctrl-K", "search incidents and lessons"],
  ["j, k, Enter", "next and previous link of a list, open it"],
  ["e", "next error of the trace"],
  ["[ ]", "earlier and later fact"],
  ["a", "open the approval (it confirms nothing)"],
  ["?", "this help"],
] as const;

@customElement("sre-help")
export class HelpDialog extends ActDialog {
  static override styles = [
    shared,
    actStyles,
    css`
      .themes { display: flex; gap: var(--space-2); }
      dl { display: grid; grid-template-columns: auto 1fr; gap: var(--space-1) var(--space-4); }
      dt { font: var(--type-mono-body); }
      dd { color: var(--text-2); }
      .shapes { display: flex; flex-wrap: wrap; gap: var(--space-2) var(--space-4); }
      .shapes li { display: inline-flex; align-items: center; gap: var(--space-2); }
    `,
  ];

  protected override render() {
    return html`<sre-sheet heading="Theme, keys, shapes"><div class="act">
      <div class="themes" role="group" aria-label="Theme">${THEMES.map((name) => html`<button aria-pressed=${theme() === name} @click=${() => this.choose(name)}>${name}</button>`)}</div>
      <ul class="shapes">${STATES.map((state) => html`<li><sre-state .state=${state} silent></sre-state>${wordOf(state)}</li>`)}</ul>
      <dl>${KEYS.map(([key, what]) => html`<dt>${key}</dt><dd>${what}</dd>`)}</dl>
      <label class="check"><input type="checkbox" .checked=${keysAreOn()} @change=${this.keys}>Single keys are shortcuts</label>
      <div class="buttons"><button autofocus @click=${() => this.sheet.close()}>Close</button></div></div></sre-sheet>`;
  }

  private choose(chosen: Theme): void {
    chooseTheme(chosen);
    this.requestUpdate();
  }

  private keys(event: Event): void {
    switchKeys((event.target as HTMLInputElement).checked);
  }
}
