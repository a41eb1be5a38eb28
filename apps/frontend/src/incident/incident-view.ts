// `<sre-incident>`: one incident as one read downwards: answer, before and after, chain, evidence, decision, doubts, past.
import { css, html, nothing, type PropertyValues } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { IncidentAnswer } from "../api/types.ts";
import { loadingNote } from "../elements/note.ts";
import { PageElement } from "../elements/page-element.ts";
import { broad, shared } from "../elements/shared.ts";
import { Followed } from "../state/followed.ts";
import { Narrow } from "../state/narrow.ts";
import { store } from "../state/store.ts";
import "../elements/fold.ts";
import "../elements/sentence.ts";
import "../now/loop-strip.ts";
import "./answers.ts";
import "./before-after.ts";
import "./chain.ts";
import "./changes.ts";
import "./decision.ts";
import "./decision-foot.ts";
import "./evidence.ts";
import "./facts.ts";
import "./head.ts";
import "./others.ts";
import "./postmortem.ts";
import "./seen-before.ts";
import "./snapshot.ts";

@customElement("sre-incident")
export class IncidentView extends PageElement {
  @property({ type: Number }) number = 0;
  @state() private evidence = "";
  private readonly answer = new Followed(this);
  private readonly narrow = new Narrow(this);

  static override styles = [
    shared,
    css`
      .grid { display: grid; gap: var(--space-4); grid-template-columns: minmax(0, 1fr); }
      .side { display: grid; gap: var(--space-4); align-content: start; grid-template-columns: minmax(0, 1fr); }
      @media ${broad} {
        .grid { gap: var(--space-5); grid-template-columns: repeat(12, minmax(0, 1fr)); }
        .grid > * { grid-column: span 12; }
        .grid > .eight { grid-column: span 8; }
        .grid > .four { grid-column: span 4; }
        .side { gap: var(--space-5); }
        .grid > .four { position: sticky; inset-block-start: calc(var(--bar) + var(--space-4)); align-self: start; }
      }
    `,
  ];

  /** The answer that is shown, for shortcuts of the keyboard. */
  get shown(): IncidentAnswer | undefined {
    return this.answer.value;
  }

  protected override willUpdate(changes: PropertyValues<this>): void {
    if (changes.has("number")) this.evidence = new URLSearchParams(location.search).get("evidence") ?? "";
    this.answer.follow(this.number);
  }

  protected override render() {
    const shown = this.answer.value;
    if (!shown) return html`<div class="grid"><sre-sentence instead=${this.answer.problem?.detail ?? `Reading incident ${this.number} …`}></sre-sentence>${this.answer.problem ? loadingNote(this.answer, "") : nothing}</div>`;
    const loop = store.panels.loops.get(String(this.number)) ?? shown.loop;
    return html`<div class="grid">
      <sre-incident-head .shown=${shown}></sre-incident-head>
      <sre-sentence .sentence=${shown.sentence} .below=${shown.is_open ? shown.answers.wrong.detail : ""}></sre-sentence>
      <sre-answers .shown=${shown}></sre-answers>
      ${loadingNote(this.answer, "the incident")}
      ${shown.is_open ? html`<sre-loop .loop=${loop}></sre-loop>` : nothing}
      <sre-before-after .shown=${shown}></sre-before-after>
      ${this.narrow.is ? this.folded(shown) : this.columns(shown)}
      ${this.narrow.is ? html`<sre-decision-foot .shown=${shown} @ordered=${this.again}></sre-decision-foot>` : nothing}
    </div>`;
  }

  private columns(shown: IncidentAnswer) {
    return html`<div class="side eight">${this.chain(shown)}${this.viewer(shown)}
        <sre-facts .shown=${shown}></sre-facts><sre-postmortem .shown=${shown}></sre-postmortem></div>
      <div class="side four">${this.decision(shown)}
        <sre-others .shown=${shown}></sre-others><sre-seen-before .shown=${shown}></sre-seen-before>
        <sre-changes .shown=${shown}></sre-changes><sre-snapshot .shown=${shown}></sre-snapshot></div>`;
  }

  private folded(shown: IncidentAnswer) {
    const waits = shown.decision?.waits === true;
    const parts = [
      ["Chain", this.chain(shown), true],
      ["Evidence", this.viewer(shown), this.evidence !== ""],
      ["Decision", this.decision(shown), waits],
      ["Why not", html`<sre-others .shown=${shown}></sre-others>`, false],
      ["Seen before", html`<sre-seen-before .shown=${shown}></sre-seen-before>`, false],
      ["Changes of the hour before", html`<sre-changes .shown=${shown}></sre-changes>`, false],
      ["When it was opened", html`<sre-snapshot .shown=${shown}></sre-snapshot>`, false],
      ["Facts", html`<sre-facts .shown=${shown}></sre-facts>`, false],
      ["Post-mortem", html`<sre-postmortem .shown=${shown}></sre-postmortem>`, false],
    ] as const;
    const shownParts = parts.filter(([name]) => (name !== "Post-mortem" || shown.postmortem) && (name !== "When it was opened" || shown.snapshot.length || shown.contacts.length));
    return shownParts.map(([name, panel, open]) => html`<sre-fold heading=${name} ?open=${open}>${panel}</sre-fold>`);
  }

  private chain(shown: IncidentAnswer) {
    return html`<sre-chain .shown=${shown} evidence=${this.evidence} @evidence=${this.open}></sre-chain>`;
  }

  private viewer(shown: IncidentAnswer) {
    return html`<sre-evidence .shown=${shown} evidence=${this.evidence} @evidence=${this.open}></sre-evidence>`;
  }

  private decision(shown: IncidentAnswer) {
    return html`<sre-decision .shown=${shown} @ordered=${this.again}></sre-decision>`;
  }

  private open(event: CustomEvent<string>): void {
    this.evidence = event.detail;
    const query = new URLSearchParams(location.search);
    query.set("evidence", this.evidence);
    history.replaceState(null, "", `${location.pathname}?${query}`);
  }

  private again(): void {
    this.answer.reload();
  }
}
