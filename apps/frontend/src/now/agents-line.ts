// `<sre-agents>`: one quiet line for the four agents while nothing is open.
import { css, html, nothing } from "lit";
import { customElement } from "lit/decorators.js";
import { PageElement } from "../elements/page-element.ts";
import { shared } from "../elements/shared.ts";
import { store } from "../state/store.ts";
import { Watching } from "../state/watching.ts";
import "../elements/state-shape.ts";

@customElement("sre-agents")
export class AgentsLine extends PageElement {
  static override styles = [
    shared,
    css`p { display: flex; flex-wrap: wrap; align-items: center; gap: var(--space-1) var(--space-3); min-height: var(--strip); padding: var(--space-2) var(--space-4); color: var(--text-2); }
      .ill { display: inline-flex; align-items: center; gap: var(--space-1); color: var(--text-1); }
      .push { margin-inline-start: auto; }`,
  ];

  constructor() {
    super();
    new Watching(this);
  }

  protected override render() {
    const line = store.panels.agents.get("");
    if (!line) return nothing;
    const ill = line.agents.filter((agent) => agent.state !== "well");
    return html`<p class="panel" aria-label="The agents"><span>${line.text}</span>${ill.map(
      (agent) => html`<span class="ill"><sre-state .state=${agent.state} size="small"></sre-state>${agent.name}: ${agent.text}</span>`,
    )}${line.last === null ? nothing : html`<a class="push" href="incidents/${line.last}">Incident ${line.last}</a>`}</p>`;
  }
}
