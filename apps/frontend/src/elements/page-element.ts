// The base of every component: shared styles, and an event that carries a person's wish to whoever fulfils it.
import { type CSSResultGroup, LitElement } from "lit";
import { shared } from "./shared.ts";

export type Wish =
  | { readonly what: "sign in" }
  | { readonly what: "hold"; readonly services?: readonly string[] }
  | { readonly what: "halt" }
  | { readonly what: "mode" }
  | { readonly what: "help" }
  | { readonly what: "menu" }
  | { readonly what: "notice"; readonly text: string; readonly bad?: boolean };

export class PageElement extends LitElement {
  static override styles: CSSResultGroup = shared;

  /** Ask the page for a dialog or a notice. */
  protected wish(wish: Wish): void {
    this.dispatchEvent(new CustomEvent<Wish>("wish", { detail: wish, bubbles: true, composed: true }));
  }
}
