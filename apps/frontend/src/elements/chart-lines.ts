// What the chart draws, from the API's columns: no canvas here, so that it is tested without one.
import type { Gap, Series } from "../api/types.ts";
import { percent } from "../words/numbers.ts";

export type Column = readonly (number | null)[];

export interface ChartData {
  readonly times: readonly number[];
  readonly value: Column;
  readonly floor: Column;
  readonly usual: Column;
  readonly gaps: readonly Gap[];
  /** The band of what is usual, where it is known. */
  readonly band?: readonly [number, number] | undefined;
}

/** The lines of a series that a chart of a journey needs. */
export function chartData(series: Pick<Series, "times" | "lines"> & { readonly gaps?: readonly Gap[] }): ChartData {
  const none = series.times.map(() => null);
  return {
    times: series.times,
    value: series.lines["value"] ?? none,
    floor: series.lines["floor"] ?? none,
    usual: series.lines["usual"] ?? none,
    gaps: series.gaps ?? [],
  };
}

/** The same chart with a newer point, unless one as new is there. */
export function withPoint(data: ChartData, at: number, point: { value: number | null; floor: number | null; usual: number | null }): ChartData {
  if (at <= (data.times.at(-1) ?? 0)) return data;
  return {
    ...data,
    times: [...data.times, at],
    value: [...data.value, point.value],
    floor: [...data.floor, point.floor],
    usual: [...data.usual, point.usual],
  };
}

/** The range of the vertical axis: what is drawn with some air, within 0 to 1 (and a line's width), never a line as thick as noise. */
export function rangeOf(data: ChartData): [number, number] {
  const known = [...data.value, ...data.floor, ...data.usual, ...(data.band ?? [])].filter((value) => value !== null);
  if (!known.length) return [0, 1];
  const low = Math.min(...known);
  const high = Math.max(...known);
  const air = Math.max((high - low) * 0.15, 0.02);
  return [Math.max(-0.02, low - air), Math.min(1.02, high + air)];
}

/** The places of values with a gap on both sides: a line shows none of them. */
export function isolated(column: ArrayLike<number | null | undefined>): number[] {
  return Array.from(column, (value, index) => (value != null && column[index - 1] == null && column[index + 1] == null ? index : -1)).filter((index) => index >= 0);
}

/** The chart in words, for who cannot see it. */
export function inWords(data: ChartData, what: string): string {
  const known = data.value.filter((value) => value !== null);
  if (!known.length) return `${what}: no values`;
  const floor = data.floor.findLast((value) => value !== null);
  const below = floor === undefined || floor === null ? 0 : known.filter((value) => value < floor).length;
  const parts = [`now ${percent(known.at(-1))}`, `lowest ${percent(Math.min(...known))}`, `highest ${percent(Math.max(...known))}`];
  if (floor !== undefined && floor !== null) parts.push(`floor ${percent(floor)}`, below ? `${below} of ${known.length} points below it` : "never below it");
  return `${what}: ${parts.join(", ")}`;
}
