// `<sre-halt>`: asks once and names what stops; when halted, it offers to resume.
import { html, nothing } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import { shared } from "../elements/shared.ts";
import { store } from "../state/store.ts";
import { many } from "../words/numbers.ts";
import { ActDialog } from "./act-dialog.ts";
import { actStyles } from "./act-styles.ts";
import "../elements/sheet.ts";

@customElement("sre-halt")
export class HaltDialog extends ActDialog {
  @query("input") private reason!: HTMLInputElement;
  @state() private halted = false;

  static override styles = [shared, actStyles];

  /** Open it to halt or to resume, whichever is due now: what it asks does not turn round while somebody reads it. */
  override show(): void {
    this.halted = store.panels.mode.get("")?.halted === true;
    super.show();
  }

  protected override render() {
    const { halted } = this;
    const loops = store.panels.loops.size;
    const stops = `Fixer changes nothing any more, on any service${loops ? `, also in the ${many(loops, "open incident")}` : ""}. Scout, Brain and Memory go on watching, deciding and recording.`;
    return html`<sre-sheet heading=${halted ? "Resume the agents?" : "Halt the agents?"}><form class="act" @submit=${this.enter}>
      <p class="words">${halted ? "Fixer may change the application again, within its guardrails." : stops}</p>
      <label>Why (may be empty)<input maxlength="400" autocomplete="off"></label>
      ${this.problem ? html`<p class="words" role="alert">${this.problem}</p>` : nothing}
      <div class="buttons"><button type="button" autofocus @click=${() => this.sheet.close()}>Cancel</button><button class="first" ?disabled=${this.busy}>${halted ? "Resume" : "Halt"}</button></div>
    </form></sre-sheet>`;
  }

  private async enter(event: Event): Promise<void> {
    event.preventDefault();
    await this.give({ verb: this.halted ? "resume" : "halt", reason: this.reason.value.trim() });
  }
}
