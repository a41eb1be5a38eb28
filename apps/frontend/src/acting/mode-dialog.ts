// `<sre-mode>`: what the agents may do now, and every hold with its end and its release.
import { css, html, nothing } from "lit";
import { customElement } from "lit/decorators.js";
import type { HoldRow } from "../api/types.ts";
import { moment } from "../elements/moment.ts";
import { shared } from "../elements/shared.ts";
import { store } from "../state/store.ts";
import { Watching } from "../state/watching.ts";
import { ActDialog } from "./act-dialog.ts";
import { actStyles } from "./act-styles.ts";
import { person } from "./me.ts";
import "../elements/sheet.ts";

@customElement("sre-mode")
export class ModeDialog extends ActDialog {
  static override styles = [shared, actStyles, css`li { display: grid; gap: var(--space-1); padding-block: var(--space-2); border-block-start: var(--hairline) solid var(--line); } li button { justify-self: start; }`];

  constructor() {
    super();
    new Watching(this);
  }

  protected override render() {
    const mode = store.panels.mode.get("");
    return html`<sre-sheet heading=${mode?.text ?? "Not known"}><div class="act">
      ${mode ? html`<p class="words">${mode.autonomous} services may be changed by the agents alone, ${mode.approve} after a person's approval, ${mode.observe} are only watched.${mode.dry_run ? " This is a dry run: nothing is changed." : ""}${mode.halted === null ? " Whether they are halted is not known." : ""}</p>` : nothing}
      ${mode?.holds.length ? html`<ul>${mode.holds.map((hold) => this.hold(hold))}</ul>` : html`<p class="second">Nothing is held.</p>`}
      ${this.problem ? html`<p class="words" role="alert">${this.problem}</p>` : nothing}
      <div class="buttons"><button autofocus @click=${() => this.sheet.close()}>Close</button>
        <button @click=${() => this.instead("hold")}>Hold …</button><button @click=${() => this.instead("halt")}>${mode?.halted ? "Resume …" : "Halt …"}</button></div>
    </div></sre-sheet>`;
  }

  private hold(hold: HoldRow) {
    const { issue } = hold;
    return html`<li><strong class="words">${hold.everything ? "Everything" : hold.services.join(", ")}</strong><span class="words">${hold.reason}</span>
      <span class="second words">${hold.by ? `by ${hold.by}, ` : ""}from ${moment(hold.since)} until ${moment(hold.until)}, ${hold.source}</span>
      ${issue === null ? nothing : html`<button ?disabled=${this.busy || !person.may("release")} @click=${() => this.give({ verb: "release", issue, ...(hold.order === null ? {} : { order: hold.order }) })}>Release</button>`}</li>`;
  }

  private instead(what: "hold" | "halt"): void {
    this.sheet.close();
    this.wish({ what });
  }
}
