// `<sre-menu>`: on a phone, what the bar has no room for.
import { html } from "lit";
import { customElement } from "lit/decorators.js";
import { ActDialog } from "../acting/act-dialog.ts";
import { actStyles } from "../acting/act-styles.ts";
import { person } from "../acting/me.ts";
import { shared } from "../elements/shared.ts";
import "../elements/sheet.ts";

@customElement("sre-menu")
export class MenuDialog extends ActDialog {
  static override styles = [shared, actStyles];

  protected override render() {
    return html`<sre-sheet heading="More"><div class="act">
      <button @click=${() => this.instead("sign in")}>${person.me?.name ? `You are ${person.me.name}` : "Sign in"}</button>
      <button @click=${() => this.instead("help")}>Theme, keys, shapes</button>
      <div class="buttons"><button autofocus @click=${() => this.sheet.close()}>Close</button></div></div></sre-sheet>`;
  }

  private instead(what: "sign in" | "help"): void {
    this.sheet.close();
    this.wish({ what });
  }
}
