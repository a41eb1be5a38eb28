// `<sre-spark>`: requests a second over the last ten minutes; a gap is not joined.
import { css, html, svg } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Spark } from "../api/types.ts";
import { sparkBox } from "../tokens.ts";
import { rate } from "../words/numbers.ts";
import { sparkPath } from "./spark-path.ts";
import { PageElement } from "./page-element.ts";
import { shared } from "./shared.ts";

@customElement("sre-spark")
export class SparkLine extends PageElement {
  @property({ attribute: false }) spark: Spark | undefined;
  @property() name = "";

  static override styles = [
    shared,
    css`
      svg { display: block; inline-size: var(--spark-width); block-size: var(--spark-height); }
      path { fill: none; stroke: var(--text-3); stroke-width: 1.5; stroke-linejoin: round; }
      path.errors { stroke: var(--failing); stroke-width: 2; }
    `,
  ];

  protected override render() {
    const { width, height } = sparkBox;
    const rates = this.spark?.rate ?? [];
    const errors = this.spark?.errors ?? [];
    const known = rates.filter((value) => value !== null);
    const words = known.length ? `requests of ${this.name}: now ${rate(rates.at(-1))}, most ${rate(Math.max(...known))}` : "no history";
    const failing = rates.map((value, index) => ((errors[index] ?? 0) > 0.05 ? value : null));
    return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label=${words} preserveAspectRatio="none">
      ${svg`<path d=${sparkPath(rates, sparkBox)}/><path class="errors" d=${sparkPath(failing, sparkBox, Math.max(1, ...known))}/>`}
    </svg>`;
  }
}
