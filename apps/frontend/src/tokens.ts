// The one place for colours, sizes, durations and breakpoints; `npm run lint` refuses them anywhere else.
// The build writes `stylesheet()` to a file of its own, so that the first paint has them.

export interface Palette {
  readonly page: string;
  readonly panel: string;
  readonly raised: string;
  readonly line: string;
  readonly "text-1": string;
  readonly "text-2": string;
  readonly "text-3": string;
  readonly well: string;
  readonly degraded: string;
  readonly failing: string;
  readonly acting: string;
  readonly unknown: string;
  readonly focus: string;
  readonly "ink-on-state": string;
  readonly "ink-on-degraded": string;
  readonly "ink-on-failing": string;
  readonly "glass-rgb": string;
  readonly "glass-edge": string;
  readonly shade: string;
  readonly veil: string;
}

export const dark: Palette = {
  page: "#0B0F1A",
  panel: "#121829",
  raised: "#1A2236",
  line: "#2A3550",
  "text-1": "#E8ECF6",
  "text-2": "#A9B4CC",
  "text-3": "#8793AF",
  well: "#2FD3B5",
  degraded: "#FFCA5C",
  failing: "#F4475B",
  acting: "#8E86FF",
  unknown: "#93A0BC",
  focus: "#7FB2FF",
  "ink-on-state": "#0B0F1A",
  "ink-on-degraded": "#0B0F1A",
  "ink-on-failing": "#0B0F1A",
  "glass-rgb": "18 24 41",
  "glass-edge": "rgb(255 255 255 / 0.09)",
  shade: "rgb(0 0 0 / 0.35)",
  veil: "rgb(5 8 15 / 0.66)",
};

export const light: Palette = {
  page: "#F3F5FA",
  panel: "#FFFFFF",
  raised: "#E9EDF5",
  line: "#CBD3E1",
  "text-1": "#10162A",
  "text-2": "#414B66",
  "text-3": "#5A6580",
  well: "#00857A",
  degraded: "#BF7B00",
  failing: "#A3103A",
  acting: "#4B3BD1",
  unknown: "#6B7690",
  focus: "#1F55C4",
  "ink-on-state": "#FFFFFF",
  "ink-on-degraded": "#10162A",
  "ink-on-failing": "#FFFFFF",
  "glass-rgb": "255 255 255",
  "glass-edge": "rgb(255 255 255 / 0.9)",
  shade: "rgb(16 22 42 / 0.10)",
  veil: "rgb(16 22 42 / 0.45)",
};

/** Eight hues without red: a service has the same one everywhere, by its name. */
export const series = {
  dark: ["#5CC4F5", "#B8A5FF", "#EDA6DA", "#93D17F", "#D9C25A", "#6FD8D0", "#D8AC84", "#9DB4FF"],
  light: ["#0B74B0", "#6A3FC0", "#A13E86", "#3A7A28", "#846A00", "#00766E", "#8A5628", "#3D5BBF"],
} as const;

const sizes = {
  "space-1": "4px",
  "space-2": "8px",
  "space-3": "12px",
  "space-4": "16px",
  "space-5": "24px",
  "space-6": "32px",
  hairline: "1px",
  stroke: "2px",
  edge: "3px",
  "radius-chip": "6px",
  "radius-panel": "10px",
  "radius-glass": "16px",
  "radius-round": "999px",
  bar: "56px",
  row: "36px",
  "row-thin": "24px",
  "row-card": "72px",
  touch: "48px",
  target: "28px",
  shape: "16px",
  "shape-large": "28px",
  "shape-small": "12px",
  "blur-glass": "14px",
  glow: "40px",
  page: "1440px",
  prose: "78ch",
  "prose-wide": "110ch",
  sheet: "520px",
  chart: "200px",
  "chart-small": "120px",
  "spark-width": "96px",
  "spark-height": "24px",
  meter: "6px",
  lane: "14px",
  "lane-name": "72px",
  waterfall: "480px",
  "waterfall-name": "360px",
  "waterfall-time": "84px",
  indent: "10px",
  viewer: "320px",
  "viewer-tall": "420px",
  "map-height": "260px",
  strip: "40px",
  "view-inline": "100vw",
  "view-block": "100dvh",
  "light-inline": "70vmax",
  "light-block": "34vmax",
  "light-out": "-22vmax",
  "light-aside": "-14vmax",
  day: "44px",
  "day-bar": "48px",
  search: "320px",
  column: "240px",
  why: "176px",
} as const;

const type = {
  "type-small": "450 12px/16px var(--sans)",
  "type-body": "450 14px/20px var(--sans)",
  "type-strong": "600 14px/20px var(--sans)",
  "type-large": "450 16px/24px var(--sans)",
  "type-title": "600 16px/24px var(--sans)",
  "type-lead": "600 20px/28px var(--sans)",
  "type-sentence": "600 28px/36px var(--sans)",
  "type-number": "600 48px/52px var(--sans)",
  "type-label": "600 12px/16px var(--sans)",
  "type-mono": "450 12px/16px var(--mono)",
  "type-mono-body": "450 13px/20px var(--mono)",
  "type-code": "450 0.93em/1 var(--mono)",
  "type-axis": "12px system-ui, sans-serif",
  "tracking-label": "0.06em",
  "tracking-large": "-0.015em",
} as const;

const motion = {
  "time-hover": "120ms",
  "time-panel": "200ms",
  "time-view": "320ms",
  "time-pulse": "600ms",
} as const;

const fonts = {
  sans: 'ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Cantarell, "DejaVu Sans", sans-serif',
  mono: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace',
} as const;

/** Media queries: a phone, a page with a second column, room for more columns of a table. */
export const media = {
  narrow: "(max-width: 719px)",
  wide: "(min-width: 720px)",
  broad: "(min-width: 1100px)",
  roomy: "(min-width: 1400px)",
  still: "(prefers-reduced-motion: reduce)",
  solid: "(prefers-reduced-transparency: reduce), (prefers-contrast: more), (forced-colors: active), print",
  forced: "(forced-colors: active)",
} as const;

/** Numbers for scripts: milliseconds, and pixels where a canvas or virtual rows need them. */
export const redraw = 1_000;
export const resort = 5_000;
export const silence = 12_000;
/** So long a tab hears nothing from the one that listens for all tabs, until it listens itself. */
export const deafness = 20_000;
export const reconnect = 1_000;
export const reconnectMost = 15_000;
export const reloadOpen = 5_000;
export const reloadMap = 15_000;
export const typing = 250;
export const notice = 8_000;
export const chord = 1_200;
export const minute = 60_000;
export const hour = 3_600_000;
/** So much less than a span is asked for, so that the history by the second answers. */
export const spare = 5_000;
export const rowThin = 24;
export const overscan = 8;
export const axisWidth = 48;
export const axisHeight = 28;
/** A value between two gaps, which no line shows. */
export const dotSize = 4;
export const markSize = 6;
export const hatch = 6;
export const textSize = 12;
export const shapeBox = 16;
export const sparkBox = { width: 96, height: 24 } as const;
/** So many services are drawn whole, also while something fails. */
export const mapWhole = 12;
export const mapBox = { width: 164, height: 40, gapX: 16, gapY: 44, pad: 4 } as const;

function lines(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `--${name}:${value};`)
    .join("");
}

function colours(palette: Palette, hues: readonly string[], scheme: "dark" | "light"): string {
  const named = Object.fromEntries(hues.map((hue, index) => [`series-${index + 1}`, hue]));
  return `color-scheme:${scheme};${lines({ ...palette })}${lines(named)}`;
}

/** The stylesheet of the document: every token as a custom property, in both themes. */
export function stylesheet(): string {
  const { page: widest, ...rest } = sizes;
  return [
    `:root{${lines({ ...rest, widest, ...type, ...motion, ...fonts })}`,
    `--glass:rgb(var(--glass-rgb) / 0.86);${colours(dark, series.dark, "dark")}}`,
    `@media (prefers-color-scheme: light){:root:not([data-theme="dark"]){${colours(light, series.light, "light")}}}`,
    `:root[data-theme="light"]{${colours(light, series.light, "light")}}`,
    `@media ${media.solid}{:root{--glass:var(--panel)}}`,
    `@media ${media.still}{:root{--time-hover:0ms;--time-panel:0ms;--time-view:0ms;--time-pulse:0ms}}`,
    "html{background:var(--page);color:var(--text-1);font:var(--type-body);scrollbar-color:var(--line) transparent}",
    "body{margin:0}",
    "noscript{display:block;padding:var(--space-5)}",
  ].join("\n");
}
