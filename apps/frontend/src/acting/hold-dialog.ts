// `<sre-hold>`: people work on services, so that the agents watch these, do nothing, and call nobody.
import { html, nothing } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import { shared } from "../elements/shared.ts";
import { store } from "../state/store.ts";
import { dateOf } from "../words/times.ts";
import { ActDialog } from "./act-dialog.ts";
import { actStyles } from "./act-styles.ts";
import "../elements/sheet.ts";

const LASTS = [
  [900, "15 minutes"],
  [3_600, "1 hour"],
  [14_400, "4 hours"],
  [28_800, "8 hours"],
  [86_400, "24 hours"],
] as const;

@customElement("sre-hold")
export class HoldDialog extends ActDialog {
  @state() private lasts: number = LASTS[1][0];
  @query("input[name=reason]") private reason!: HTMLInputElement;

  static override styles = [shared, actStyles];

  protected override render() {
    const names = [...store.panels.services.keys()];
    return html`<sre-sheet heading="Hold the agents?"><form class="act" @submit=${this.enter}>
      <p class="second words">What is held is measured and recorded; nothing is changed there, and nobody is called.</p>
      <fieldset><legend>Services (none chosen: everything)</legend>${names.map((name) => html`<label class="check"><input type="checkbox" name="service" value=${name} .checked=${this.services.includes(name)}>${name}</label>`)}</fieldset>
      <label>For<select @change=${this.choose}>${LASTS.map(([seconds, words]) => html`<option value=${seconds} ?selected=${seconds === this.lasts}>${words}</option>`)}</select></label>
      <p class="second">It ends at ${dateOf(store.now() + this.lasts * 1000)}.</p>
      <label>Why<input name="reason" required maxlength="400" autocomplete="off"></label>
      ${this.problem ? html`<p class="words" role="alert">${this.problem}</p>` : nothing}
      <div class="buttons"><button type="button" autofocus @click=${() => this.sheet.close()}>Cancel</button><button class="first" ?disabled=${this.busy}>Hold</button></div>
    </form></sre-sheet>`;
  }

  private choose(event: Event): void {
    this.lasts = Number((event.target as HTMLSelectElement).value);
  }

  private async enter(event: Event): Promise<void> {
    event.preventDefault();
    const chosen = [...this.renderRoot.querySelectorAll<HTMLInputElement>("input[name=service]:checked")].map((box) => box.value);
    await this.give({ verb: "hold", services: chosen, seconds: this.lasts, reason: this.reason.value.trim() });
  }
}
