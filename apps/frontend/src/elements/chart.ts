// `<sre-chart>`: a share over time. Line, usual as a band, floor, numbered marks, hatched BLIND, gaps that are never joined.
import { css, html, nothing, type PropertyValues, unsafeCSS } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import uPlot from "uplot";
import uplotStyle from "uplot/dist/uPlot.min.css";
import { axisHeight, axisWidth, dotSize } from "../tokens.ts";
import { percent } from "../words/numbers.ts";
import { clockOf, minuteOf } from "../words/times.ts";
import { type ChartData, inWords, isolated, rangeOf } from "./chart-lines.ts";
import { drawBand, drawGaps, drawMarks, type ChartMark } from "./chart-drawing.ts";
import { PageElement } from "./page-element.ts";
import { shared } from "./shared.ts";
import { token } from "./token.ts";

@customElement("sre-chart")
export class Chart extends PageElement {
  @property({ attribute: false }) data: ChartData | undefined;
  @property({ attribute: false }) marks: readonly ChartMark[] = [];
  @property({ attribute: false }) since = 0;
  @property({ attribute: false }) until = 0;
  @property() what = "";
  @query(".plot") private box!: HTMLElement;

  private plot: uPlot | undefined;
  private size: ResizeObserver | undefined;
  private readonly recolour = () => this.rebuild();

  static override styles = [
    shared,
    unsafeCSS(uplotStyle),
    css`
      :host { position: relative; }
      .plot { block-size: var(--chart-block, var(--chart)); overflow: hidden; }
      .reading { position: absolute; inset-block-start: 0; inset-inline-end: 0; background: var(--raised); padding: 0 var(--space-2); border-radius: var(--radius-chip); font: var(--type-small); color: var(--text-2); pointer-events: none; }
      .u-hz .u-cursor-x { border-color: var(--text-3); }
    `,
  ];

  private reading = "";

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener("theme", this.recolour);
    if (this.hasUpdated) this.observe();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener("theme", this.recolour);
    this.size?.disconnect();
    this.plot?.destroy();
    this.plot = undefined;
  }

  protected override firstUpdated(): void {
    this.observe();
  }

  protected override updated(changes: PropertyValues<this>): void {
    if (changes.has("data") || changes.has("marks") || changes.has("since") || changes.has("until")) this.draw();
  }

  protected override render() {
    return html`<div class="plot" role="img" aria-label=${this.data ? inWords(this.data, this.what) : this.what}></div>
      ${this.reading ? html`<div class="reading" aria-hidden="true">${this.reading}</div>` : nothing}`;
  }

  private observe(): void {
    this.size = new ResizeObserver(() => this.fit());
    this.size.observe(this.box);
  }

  private fit(): void {
    const { clientWidth: width, clientHeight: height } = this.box;
    if (!width || !height) return;
    if (this.plot) this.plot.setSize({ width, height });
    else this.rebuild();
  }

  private rebuild(): void {
    this.plot?.destroy();
    this.plot = undefined;
    if (!this.box?.clientWidth || !this.data) return;
    this.plot = new uPlot(this.options(), this.columns(), this.box);
  }

  private draw(): void {
    if (!this.plot) this.rebuild();
    else this.plot.setData(this.columns());
  }

  private columns(): uPlot.AlignedData {
    const data = this.data;
    if (!data) return [[], [], [], []];
    return [data.times.map((at) => at / 1000), [...data.value], [...data.floor], [...data.usual]];
  }

  private options(): uPlot.Options {
    const axis = { stroke: token("text-3"), font: token("type-axis"), ticks: { show: false } };
    return {
      width: this.box.clientWidth,
      height: this.box.clientHeight,
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: { x: { range: () => this.span() }, y: { range: () => (this.data ? rangeOf(this.data) : [0, 1]) } },
      axes: [
        { ...axis, size: axisHeight, grid: { show: false }, space: 90, values: (_plot, splits) => splits.map((at) => this.label(at)) },
        { ...axis, size: axisWidth, grid: { stroke: token("line"), width: 1 }, space: 44, values: (_plot, splits) => splits.map((share) => percent(share)) },
      ],
      series: [
        {},
        { stroke: token("series-1"), width: 2, spanGaps: false, points: { show: true, size: dotSize, filter: (plot, index) => isolated(plot.data[index] ?? []) } },
        { stroke: token("text-3"), width: 1, dash: [6, 4], spanGaps: true, points: { show: false } },
        { stroke: token("text-3"), width: 1, spanGaps: true, points: { show: false }, alpha: 0.6 },
      ],
      hooks: {
        drawClear: [(plot) => this.data && drawBand(plot, this.data), (plot) => this.data && drawGaps(plot, this.data.gaps)],
        draw: [(plot) => drawMarks(plot, this.marks)],
        setCursor: [(plot) => this.read(plot.cursor.idx)],
      },
    };
  }

  private span(): [number, number] {
    const times = this.data?.times ?? [];
    return [(this.since || (times[0] ?? 0)) / 1000, (this.until || (times.at(-1) ?? 1)) / 1000];
  }

  private label(at: number): string {
    const [since, until] = this.span();
    return until - since < 900 ? clockOf(at * 1000) : minuteOf(at * 1000);
  }

  private read(index: number | null | undefined): void {
    const at = index === null || index === undefined ? undefined : this.data?.times[index];
    const reading = at === undefined || index === null || index === undefined ? "" : `${clockOf(at)}  ${percent(this.data?.value[index])}`;
    if (reading === this.reading) return;
    this.reading = reading;
    this.requestUpdate();
  }
}
