// `<sre-bar>`: the space and its mode, the views, who acts, and whether what is shown is live. On a phone also the bar below.
import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { person } from "../acting/me.ts";
import { PageElement } from "../elements/page-element.ts";
import { broad, forced, narrow, shared, solid } from "../elements/shared.ts";
import { store } from "../state/store.ts";
import { Watching } from "../state/watching.ts";
import { minuteOf, utcOf } from "../words/times.ts";
import "../elements/state-shape.ts";

@customElement("sre-bar")
export class Bar extends PageElement {
  @property() view = "";
  @property() space = "";

  static override styles = [
    shared,
    css`
      header { display: flex; align-items: center; gap: var(--space-2) var(--space-4); min-block-size: var(--bar); padding-inline: max(var(--space-5), calc((var(--view-inline) - var(--widest)) / 2 + var(--space-5))); background: var(--glass); backdrop-filter: blur(var(--blur-glass)); border-block-end: var(--hairline) solid var(--line); }
      .brand { font: var(--type-title); color: var(--text-1); white-space: nowrap; }
      .space { color: var(--text-2); }
      nav { display: flex; gap: var(--space-1); }
      nav a { display: inline-flex; align-items: center; min-block-size: var(--row); padding-inline: var(--space-3); color: var(--text-2); border-radius: var(--radius-chip); }
      nav a[aria-current] { color: var(--text-1); font: var(--type-strong); box-shadow: inset 0 calc(-1 * var(--stroke)) 0 var(--text-1); border-end-start-radius: 0; border-end-end-radius: 0; }
      .push { margin-inline-start: auto; display: flex; align-items: center; gap: var(--space-2); }
      .live { display: inline-flex; align-items: center; gap: var(--space-2); color: var(--text-2); white-space: nowrap; font: var(--type-small); }
      .foot, .broad { display: none; }
      @media ${broad} { .broad { display: inline-flex; } .space.broad { display: inline; } }
      @media ${narrow} {
        header { padding-inline: var(--space-4); gap: var(--space-2); }
        header nav, .wide { display: none; }
        .foot { position: fixed; z-index: 3; inset-inline: 0; inset-block-end: 0; display: grid; grid-template-columns: repeat(4, 1fr); block-size: var(--bar); background: var(--panel); border-block-start: var(--hairline) solid var(--line); }
        .foot a, .foot button { display: flex; align-items: center; justify-content: center; min-block-size: var(--bar); border: 0; border-radius: 0; background: transparent; color: var(--text-2); font: var(--type-body); padding: 0; }
        .foot a[aria-current] { color: var(--text-1); font: var(--type-strong); box-shadow: inset 0 var(--stroke) 0 var(--text-1); }
        .mode { min-width: 0; overflow: hidden; font: var(--type-label); padding-inline: var(--space-2); background: transparent; border-color: transparent; }
        .push { min-width: 0; }
      }
      @media ${solid} { header { backdrop-filter: none; } }
      @media ${forced} { nav a[aria-current] { border-block-end: var(--stroke) solid CanvasText; } }
    `,
  ];

  constructor() {
    super();
    new Watching(this);
    person.addEventListener("change", () => this.requestUpdate());
  }

  protected override render() {
    const mode = store.panels.mode.get("");
    const name = person.me?.name;
    return html`<header>
      <a class="brand" href="now">SRE-Space</a><span class="space line broad">${this.space}</span>
      <nav aria-label="Views">${this.link("now", "Now")}${this.link("incidents", "Incidents")}</nav>
      <span class="push">
        ${mode ? html`<button class="mode" title="What the agents may do now" @click=${() => this.wish({ what: "mode" })}>${mode.state === "well" ? nothing : html`<sre-state .state=${mode.state} size="small" silent></sre-state>`}<span class="line">${mode.text}</span></button>` : nothing}
        <button class="quiet broad" @click=${() => this.wish({ what: "hold" })}>Hold</button>
        <button class="quiet broad" @click=${() => this.wish({ what: "halt" })}>${mode?.halted ? "Resume" : "Halt"}</button>
        <button class="quiet wide" @click=${() => this.wish({ what: "sign in" })}>${name ?? "Sign in"}</button>
        ${this.live()}
        <button class="quiet wide" aria-label="Theme, keys and help" title="Theme, keys and help (?)" @click=${() => this.wish({ what: "help" })}>?</button>
      </span></header>
      <nav class="foot" aria-label="Views and acts">${this.link("now", "Now")}${this.link("incidents", "Incidents")}
        <button @click=${() => this.wish({ what: "mode" })}>Act</button><button @click=${() => this.wish({ what: "menu" })}>More</button></nav>`;
  }

  private link(view: string, word: string) {
    const here = this.view === view || (view === "incidents" && this.view === "incident");
    return html`<a href=${view} aria-current=${here ? "page" : nothing}>${word}</a>`;
  }

  private live() {
    const at = store.now();
    const lost = store.connection !== "live" || store.old;
    return html`<span class="live" title=${store.at ? utcOf(at) : ""}><sre-state state=${lost ? "unknown" : "well"} size="small" silent></sre-state><span>${lost ? (store.heard ? "not live" : "connecting") : "live"}</span>${store.at ? html`<span class="broad">${minuteOf(at)}</span>` : nothing}</span>`;
  }
}
