// `<sre-map>`: who calls whom, from traces. While something fails only the trouble; a click shows a neighbourhood.
import { css, html, nothing, type PropertyValues, svg } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Edge, Node, ServiceMap } from "../api/types.ts";
import { loadingNote, note } from "../elements/note.ts";
import { PageElement } from "../elements/page-element.ts";
import { narrow, shared } from "../elements/shared.ts";
import { shapeOf } from "../elements/shapes.ts";
import { store } from "../state/store.ts";
import { Loading, Watching } from "../state/watching.ts";
import { mapBox, mapWhole, reloadMap, shapeBox } from "../tokens.ts";
import { count, many, percent } from "../words/numbers.ts";
import { colourOf, wordOf } from "../words/states.ts";
import { type Placed, placed } from "./map-layout.ts";
import { mapStyles } from "./map-styles.ts";
import { stateShown } from "./service-words.ts";

interface Drawn extends Placed {
  readonly x: number;
  readonly y: number;
}

@customElement("sre-map")
export class MapOfCalls extends PageElement {
  @property({ type: Boolean }) failing = false;
  @state() private trouble: boolean | undefined;
  @state() private around = "";
  @state() private shown = false;
  private loadedAt = 0;
  private readonly map = new Loading<ServiceMap>(this);

  static override styles = [shared, mapStyles, css`@media ${narrow} { .drawing { display: none; } } .list { display: none; } @media ${narrow} { .list { display: grid; gap: var(--space-2); } .list li { border-block-start: var(--hairline) solid var(--line); padding-block: var(--space-2); } }`];

  constructor() {
    super();
    new Watching(this, () => this.renew());
  }

  protected override willUpdate(_changes: PropertyValues<this>): void {
    const query = new URLSearchParams();
    if (this.onlyTrouble) query.set("errors", "true");
    if (this.around) query.set("around", this.around);
    this.map.load(`map?${query}`, true);
  }

  protected override render() {
    const map = this.map.value;
    return html`<section class="panel" aria-labelledby="heading">
      <div class="head"><h2 id="heading">Map</h2><span class="push choice" role="group" aria-label="What the map shows">
        <button class="quiet" aria-pressed=${this.onlyTrouble} @click=${() => this.choose(true)}>trouble</button>
        <button class="quiet" aria-pressed=${!this.onlyTrouble} @click=${() => this.choose(false)}>all</button></span></div>
      ${this.around ? html`<p class="second small">Around ${this.around} <button class="quiet" @click=${() => this.show("")}>Whole map</button></p>` : nothing}
      ${loadingNote(this.map, "traces")}
      ${map ? this.drawn(map) : nothing}
    </section>`;
  }

  private get onlyTrouble(): boolean {
    return this.trouble ?? (this.failing && store.panels.services.size > mapWhole);
  }

  private renew(): void {
    if (Date.now() - this.loadedAt < reloadMap || document.hidden) return;
    this.loadedAt = Date.now();
    this.map.reload();
  }

  private choose(trouble: boolean): void {
    this.trouble = trouble;
  }

  private show(name: string): void {
    this.around = name;
    this.shown = true;
  }

  private drawn(map: ServiceMap) {
    if (!map.nodes.length) return note(map.why || (this.onlyTrouble ? "No call failed in the sample." : "No trace in the sample."));
    const places = placed(map.nodes.map(asOfNow), map.edges);
    const foot = `${many(map.traces, "trace")}${map.hidden ? `, ${map.hidden} hidden` : ""}${map.why ? `. ${map.why}` : ""}`;
    return html`<div class="drawing">${this.drawing(places, map.edges)}</div>
      ${this.list(map)}<p class="third small words">${foot}</p>`;
  }

  private drawing(places: readonly Placed[], edges: readonly Edge[]) {
    const layers = 1 + Math.max(...places.map((place) => place.layer));
    const widest = Math.max(...places.map((place) => place.of));
    const box = mapBox;
    const width = widest * (box.width + box.gapX) - box.gapX + 2 * box.pad;
    const height = layers * (box.height + box.gapY) - box.gapY + 2 * box.pad;
    const by = new Map(places.map((place) => [place.node.name, { ...place, x: left(place, width), y: top(place) }]));
    return html`<svg viewBox="0 0 ${width} ${height}" width=${width} height=${height} role="group" aria-label="Services and their calls" preserveAspectRatio="xMidYMid meet">
      ${edges.map((edge) => this.edge(edge, by))}${[...by.values()].map((place) => this.node(place))}</svg>`;
  }

  private edge(edge: Edge, by: ReadonlyMap<string, Drawn>) {
    const from = by.get(edge.caller);
    const to = by.get(edge.callee);
    if (!from || !to) return nothing;
    const [x1, y1] = [from.x + mapBox.width / 2, from.y + mapBox.height];
    const [x2, y2] = [to.x + mapBox.width / 2, to.y];
    const middle = (y1 + y2) / 2;
    const share = edge.calls ? edge.errors / edge.calls : 0;
    return svg`<g class="edge ${share > 0.01 && isIll(to.node) ? "bad" : ""} ${edge.seen ? "" : "unseen-call"}"><path d="M${x1} ${y1}C${x1} ${middle} ${x2} ${middle} ${x2} ${y2}"><title>${this.said(edge)}</title></path></g>`;
  }

  private node(place: Drawn) {
    const { node, x, y } = place;
    const words = `${node.name}: ${node.configured ? wordOf(node.state) : "not configured, never judged"}, ${count(node.calls)} calls, ${count(node.errors)} failed`;
    const inset = (mapBox.height - shapeBox) / 2;
    return svg`<g class="node ${node.configured ? "" : "foreign"}" role="button" tabindex="0" aria-label=${words} @click=${() => this.show(node.name)} @keydown=${(event: KeyboardEvent) => this.key(event, node.name)}>
      <title>${words}</title><rect x=${x} y=${y} width=${mapBox.width} height=${mapBox.height} rx="8"/>
      <svg x=${x + inset / 1.4} y=${y + inset} width=${shapeBox} height=${shapeBox} viewBox="0 0 16 16" class=${colourOf(node.state)}>${shapeOf(node.state)}</svg>
      <text x=${x + shapeBox + inset * 1.4} y=${y + mapBox.height / 2}>${short(node.name)}</text></g>`;
  }

  private list(map: ServiceMap) {
    if (!this.shown) return html`<div class="list"><button @click=${() => this.show(this.around)}>Show the calls</button></div>`;
    return html`<ul class="list">${map.edges.map((edge) => html`<li class="words">${this.said(edge)}</li>`)}</ul>`;
  }

  private said(edge: Edge): string {
    if (!edge.seen) return `${edge.caller} → ${edge.callee}: declared, not seen in the sample`;
    return `${edge.caller} → ${edge.callee}: ${count(edge.calls)} calls, ${percent(edge.calls ? edge.errors / edge.calls : null)} failed`;
  }

  private key(event: KeyboardEvent, name: string): void {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    this.show(name);
  }
}

/** Whether a call to it may be drawn as failing: a few errors of a service that is well are no trouble. */
function isIll({ configured, state }: Node): boolean {
  return !configured || state === "failing" || state === "degraded" || state === "acting";
}

function left(place: Placed, width: number): number {
  const own = place.of * (mapBox.width + mapBox.gapX) - mapBox.gapX;
  return (width - own) / 2 + place.index * (mapBox.width + mapBox.gapX);
}

function top(place: Placed): number {
  return mapBox.pad + place.layer * (mapBox.height + mapBox.gapY);
}

function short(name: string): string {
  return name.length > 18 ? `${name.slice(0, 17)}…` : name;
}

/** The node with the state that its service's row shows: the map itself is loaded seldom. */
function asOfNow(node: Node): Node {
  const row = store.panels.services.get(node.name);
  return row ? { ...node, state: stateShown(row, store.panels.loops.get(String(row.incident))) } : node;
}
