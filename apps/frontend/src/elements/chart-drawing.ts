// What uPlot does not draw by itself: the usual band, hatched BLIND, named gaps, and marks.
import type uPlot from "uplot";
import type { Gap } from "../api/types.ts";
import { hatch, markSize, textSize } from "../tokens.ts";
import type { ChartData } from "./chart-lines.ts";
import { token } from "./token.ts";

export interface ChartMark {
  readonly at: number;
  /** What stands at its head: a number of the list below the chart, or "" for a triangle. */
  readonly label: string;
  /** The token of its colour. */
  readonly colour: string;
}

/** Fill the band of what is usual. */
export function drawBand(plot: uPlot, data: ChartData): void {
  if (!data.band) return;
  const { ctx, bbox } = plot;
  const top = plot.valToPos(data.band[1], "y", true);
  const bottom = plot.valToPos(data.band[0], "y", true);
  ctx.save();
  ctx.globalAlpha = 0.14;
  ctx.fillStyle = token("series-1");
  ctx.fillRect(bbox.left, top, bbox.width, Math.max(1, bottom - top));
  ctx.restore();
}

/** Hatch where nothing could be judged, and name where nothing is kept. */
export function drawGaps(plot: uPlot, gaps: readonly Gap[]): void {
  for (const gap of gaps) {
    const left = Math.max(plot.bbox.left, plot.valToPos(gap.since / 1000, "x", true));
    const right = Math.min(plot.bbox.left + plot.bbox.width, plot.valToPos(gap.until / 1000, "x", true));
    if (right - left < 2) continue;
    if (gap.why === "blind") hatched(plot, left, right);
    nameGap(plot, left, right, gap.why === "blind" ? "blind" : "no data");
  }
}

function hatched(plot: uPlot, left: number, right: number): void {
  const { ctx, bbox } = plot;
  const step = hatch * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, bbox.top, right - left, bbox.height);
  ctx.clip();
  ctx.strokeStyle = token("unknown");
  ctx.globalAlpha = 0.4;
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  for (let x = left - bbox.height; x < right; x += step) {
    ctx.moveTo(x, bbox.top + bbox.height);
    ctx.lineTo(x + bbox.height, bbox.top);
  }
  ctx.stroke();
  ctx.restore();
}

function nameGap(plot: uPlot, left: number, right: number, text: string): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.font = fontOf(450);
  if (ctx.measureText(text).width + 8 < right - left) {
    ctx.fillStyle = token("text-3");
    ctx.textAlign = "center";
    ctx.fillText(text, (left + right) / 2, bbox.top + bbox.height / 2);
  }
  ctx.restore();
}

/** Draw each mark as a line with its label, or as a triangle at the top. */
export function drawMarks(plot: uPlot, marks: readonly ChartMark[]): void {
  const { ctx, bbox } = plot;
  const size = markSize * devicePixelRatio;
  ctx.save();
  ctx.font = fontOf(600);
  ctx.textAlign = "center";
  ctx.lineWidth = devicePixelRatio;
  let free = 0; // where the next label has room
  for (const mark of marks) {
    const x = plot.valToPos(mark.at / 1000, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = ctx.fillStyle = token(mark.colour);
    ctx.globalAlpha = 0.55;
    ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.globalAlpha = 1;
    if (!mark.label) triangle(ctx, x, bbox.top, size);
    else {
      const at = Math.max(x, free);
      ctx.fillText(mark.label, at, bbox.top - size / 2);
      free = at + ctx.measureText(mark.label).width + size;
    }
  }
  ctx.restore();
}

function triangle(ctx: CanvasRenderingContext2D, x: number, top: number, size: number): void {
  ctx.beginPath();
  ctx.moveTo(x - size, top - size);
  ctx.lineTo(x + size, top - size);
  ctx.lineTo(x, top + size / 2);
  ctx.closePath();
  ctx.fill();
}

function fontOf(weight: number): string {
  return `${weight} ${textSize * devicePixelRatio}px ${token("sans")}`;
}
