// `<sre-sign-in>`: the token that `sre-space operators add NAME` printed; it stays in this tab.
import { html, nothing } from "lit";
import { customElement, query } from "lit/decorators.js";
import { shared } from "../elements/shared.ts";
import { session } from "../state/session.ts";
import { ActDialog } from "./act-dialog.ts";
import { actStyles } from "./act-styles.ts";
import { person } from "./me.ts";
import "../elements/sheet.ts";

@customElement("sre-sign-in")
export class SignIn extends ActDialog {
  @query("input") private token!: HTMLInputElement;

  static override styles = [shared, actStyles];

  protected override render() {
    const name = person.me?.name;
    return html`<sre-sheet heading=${name ? `You are ${name}` : "Sign in to act"}><form class="act" @submit=${this.enter}>
      ${
        name
          ? html`<p class="second words">Orders of this tab are signed with ${name}'s key. Closing the tab forgets the token.</p>
        <div class="buttons"><button type="button" autofocus @click=${() => this.sheet.close()}>Close</button><button type="button" class="first" @click=${this.leave}>Sign out</button></div>`
          : html`<p class="second words">${person.me?.operators === 0 ? "Nobody can act here yet. " : ""}The command <span class="mono">sre-space operators add NAME</span> prints a token once. It stays in this tab and is sent as a header, never as a cookie.</p>
        <label>Token<input type="password" autocomplete="off" spellcheck="false" required autofocus></label>
        ${this.problem ? html`<p class="words" role="alert">${this.problem}</p>` : nothing}
        <div class="buttons"><button type="button" @click=${() => this.sheet.close()}>Cancel</button><button class="first" ?disabled=${this.busy}>Sign in</button></div>`
      }</form></sre-sheet>`;
  }

  private async enter(event: Event): Promise<void> {
    event.preventDefault();
    this.busy = true;
    session.keep(this.token.value.trim());
    const me = await person.ask();
    this.busy = false;
    if (!me?.name) {
      session.keep("");
      this.problem = me?.why ?? "The token is not known here.";
      return;
    }
    this.sheet.close();
    this.requestUpdate();
    this.wish({ what: "notice", text: `You are ${me.name}.` });
  }

  private leave(): void {
    session.keep("");
    this.sheet.close();
  }
}
