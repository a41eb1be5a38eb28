// `<sre-page>`: the bar, the view of the address, the dialogs, and what a screen reader is told when the state changes.
import { css, html, nothing } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import type { ActDialog } from "../acting/act-dialog.ts";
import { person } from "../acting/me.ts";
import { read } from "../api/client.ts";
import type { Now } from "../api/types.ts";
import { PageElement, type Wish } from "../elements/page-element.ts";
import { narrow, shared, solid } from "../elements/shared.ts";
import { currentRoute, go, onRoute } from "../routing/router.ts";
import { store } from "../state/store.ts";
import { Watching } from "../state/watching.ts";
import { notice } from "../tokens.ts";
import { colourOf } from "../words/states.ts";
import { listenForKeys, type Command } from "./keys.ts";
import { runInView } from "./run-in-view.ts";
import { showInTab } from "./tab.ts";
import "../acting/halt-dialog.ts";
import "../acting/hold-dialog.ts";
import "../acting/mode-dialog.ts";
import "../acting/sign-in.ts";
import "../incident/incident-view.ts";
import "../incidents/incidents-view.ts";
import "../now/now-view.ts";
import "../trace/trace-view.ts";
import "./banners.ts";
import "./bar.ts";
import "./help-dialog.ts";
import "./menu-dialog.ts";

@customElement("sre-page")
export class Page extends PageElement {
  @state() private route = currentRoute();
  @state() private space = "";
  @state() private notice = "";
  @state() private held: readonly string[] = [];
  @state() private said = "";
  @query("#view") private view!: HTMLElement;
  private spoken = "";
  private timer: ReturnType<typeof setTimeout> | undefined;

  static override styles = [
    shared,
    css`
      :host { min-block-size: var(--view-block); background: var(--page); }
      .light { position: fixed; z-index: -1; inset: 0; overflow: hidden; pointer-events: none; }
      .light::before, .light::after { content: ""; position: absolute; inline-size: var(--light-inline); block-size: var(--light-block); border-radius: var(--radius-round); filter: blur(var(--glow)); opacity: 0.16; }
      .light::before { inset-block-start: var(--light-out); inset-inline-start: var(--light-aside); background: radial-gradient(closest-side, var(--tint, var(--focus)), transparent); }
      .light::after { inset-block-start: var(--light-out); inset-inline-end: var(--light-aside); background: radial-gradient(closest-side, var(--acting), transparent); opacity: 0.1; }
      .light.failing { --tint: var(--failing); }
      .light.degraded { --tint: var(--degraded); }
      .light.acting { --tint: var(--acting); }
      .light.unknown { --tint: var(--unknown); }
      .light.well { --tint: var(--well); }
      sre-bar { position: sticky; z-index: 3; inset-block-start: 0; }
      main { max-inline-size: var(--widest); margin-inline: auto; padding: var(--space-5); outline: none; animation: enter var(--time-view) ease-out; }
      @keyframes enter { from { opacity: 0; transform: translateY(var(--space-2)); } }
      main.old { filter: saturate(0.25); }
      .skip { position: absolute; inset-inline-start: var(--space-4); inset-block-start: calc(-1 * var(--row-card)); z-index: 4; }
      .skip:focus { inset-block-start: var(--space-2); }
      .notice { position: fixed; z-index: 5; inset-inline: var(--space-4); inset-block-end: var(--space-5); display: grid; justify-content: center; pointer-events: none; }
      .notice p { pointer-events: auto; padding: var(--space-3) var(--space-5); border-radius: var(--radius-panel); background: var(--text-1); color: var(--page); font: var(--type-strong); max-inline-size: var(--prose); }
      @media ${narrow} { main { padding: var(--space-4); padding-block-end: calc(var(--bar) + var(--space-6)); } .notice { inset-block-end: calc(var(--bar) + var(--space-4)); } }
      @media ${solid} { .light { display: none; } }
    `,
  ];

  constructor() {
    super();
    new Watching(this, () => this.hear());
    onRoute(() => this.follow());
    listenForKeys((command) => this.run(command));
    void person.ask();
    void this.learn();
  }

  protected override render() {
    const sentence = store.panels.sentence.get("");
    const report = store.panels.sources.get("")?.report.state;
    const old = store.heard > 0 && (store.connection !== "live" || store.old || (report !== undefined && report !== "live"));
    return html`<div class="light ${sentence ? colourOf(sentence.state) : ""}"></div>
      <nav aria-label="Skip"><a class="button skip" href="#view" @click=${this.skip}>Skip to the view</a></nav>
      <sre-bar view=${this.route.view} space=${this.space} @wish=${this.fulfil}></sre-bar>
      <main id="view" tabindex="-1" class=${old ? "old" : ""} @wish=${this.fulfil}><sre-banners></sre-banners>${this.content()}</main>
      <div class="unseen" aria-live="polite">${this.said}</div>
      <div class="notice" role="status">${this.notice ? html`<p class="words">${this.notice}</p>` : nothing}</div>
      <div @wish=${this.fulfil}><sre-sign-in></sre-sign-in><sre-hold .services=${this.held}></sre-hold><sre-halt></sre-halt><sre-mode></sre-mode><sre-help></sre-help><sre-menu></sre-menu></div>`;
  }

  private content() {
    const { route } = this;
    switch (route.view) {
      case "now":
        return html`<sre-now></sre-now>`;
      case "incidents":
        return html`<sre-incidents .query=${route.query}></sre-incidents>`;
      case "incident":
        return html`<sre-incident number=${route.number}></sre-incident>`;
      case "trace":
        return html`<sre-trace-view trace=${route.trace}></sre-trace-view>`;
      default:
        return html`<section class="panel"><h1>There is no such page</h1><p><a href="now">Now</a> shows the space as it is.</p></section>`;
    }
  }

  private follow(): void {
    const before = this.route;
    this.route = currentRoute();
    if (before.view !== this.route.view) this.view?.focus({ preventScroll: true });
  }

  private hear(): void {
    showInTab(this.space);
    const sentence = store.panels.sentence.get("");
    const news = sentence ? `${sentence.state} ${sentence.incident ?? ""}` : "";
    if (news === this.spoken) return;
    this.spoken = news;
    this.said = sentence?.text ?? "";
  }

  private async learn(): Promise<void> {
    const answer = await read<Now>("now");
    if (answer.ok) this.space = answer.value.space.name;
  }

  private fulfil(event: CustomEvent<Wish>): void {
    const wish = event.detail;
    if (wish.what === "notice") {
      this.show(wish.text);
      return;
    }
    const needsName = wish.what === "hold" || wish.what === "halt";
    if (wish.what === "hold") this.held = wish.services ?? [];
    const names = { "sign in": "sre-sign-in", hold: "sre-hold", halt: "sre-halt", mode: "sre-mode", help: "sre-help", menu: "sre-menu" } as const;
    const name = needsName && !person.me?.name ? "sre-sign-in" : names[wish.what];
    this.renderRoot.querySelector<ActDialog>(name)?.show();
  }

  private show(text: string): void {
    this.notice = text;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.notice = "";
    }, notice);
  }

  private run(command: Command): void {
    if (command === "now" || command === "incidents") go(command);
    else if (command === "help") this.renderRoot.querySelector<ActDialog>("sre-help")?.show();
    else void runInView(command, this.renderRoot, () => this.updateComplete);
  }

  private skip(event: Event): void {
    event.preventDefault();
    this.view.focus();
  }
}
