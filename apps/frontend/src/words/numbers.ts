// Numbers as people read them. What is null is unknown and is written as a dash, never as zero.

export const UNKNOWN = "–";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** A share as "61 %", "0.3 %" or "99.97 %": more digits near the ends, and never rounded up to 100 %. */
export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined) return UNKNOWN;
  const value = share * 100;
  if (value === 0 || value === 100) return `${value} %`;
  const digits = value > 99.9 || (value > 0 && value < 0.1) ? 2 : value > 99 || Math.abs(value) < 10 ? 1 : 0;
  const factor = 10 ** digits;
  const cut = value > 99 ? Math.floor(value * factor) / factor : Math.round(value * factor) / factor;
  return `${cut.toFixed(digits)} %`;
}

/** A count as "1,204". */
export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? UNKNOWN : whole.format(value);
}

/** Requests per second as "12/s". */
export function rate(value: number | null | undefined): string {
  if (value === null || value === undefined) return UNKNOWN;
  return `${value < 10 ? trim(value, 1) : whole.format(value)}/s`;
}

/** Seconds as "4.9 ms", "1.2 s", "3 min", "2 h". */
export function seconds(value: number | null | undefined): string {
  if (value === null || value === undefined) return UNKNOWN;
  if (value === 0) return "0 s";
  if (value < 0.001) return `${trim(value * 1e6, 0)} µs`;
  if (value < 1) return `${trim(value * 1e3, value < 0.1 ? 1 : 0)} ms`;
  if (value < 10) return `${trim(value, 1)} s`;
  if (value < 120) return `${Math.round(value)} s`;
  if (value < 7_200) return `${Math.round(value / 60)} min`;
  return value < 172_800 ? `${Math.round(value / 3_600)} h` : `${Math.round(value / 86_400)} days`;
}

/** Seconds after something as "+4.1 s" or "+4:25 min". */
export function later(value: number | null | undefined): string {
  if (value === null || value === undefined) return "";
  const sign = value < 0 ? "−" : "+";
  const size = Math.abs(value);
  if (size < 120 || size >= 7_200) return sign + seconds(size);
  return `${sign}${Math.floor(size / 60)}:${String(Math.floor(size % 60)).padStart(2, "0")} min`;
}

/** Time that is left as "12:41", or "1 h 5 min" above an hour. */
export function countdown(milliseconds: number): string {
  const left = Math.max(0, Math.floor(milliseconds / 1000));
  const minutes = Math.floor(left / 60);
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${minutes}:${String(left % 60).padStart(2, "0")}`;
}

/** Memory as "240 MB". */
export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return UNKNOWN;
  if (value < 1e6) return `${Math.round(value / 1e3)} kB`;
  return value < 1e9 ? `${Math.round(value / 1e6)} MB` : `${trim(value / 1e9, 1)} GB`;
}

/** A burn rate as "0.3". */
export function times(value: number | null | undefined): string {
  return value === null || value === undefined ? UNKNOWN : value < 10 ? trim(value, 1) : whole.format(value);
}

/** A number with its noun: "1 change", "3 changes". */
export function many(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

function trim(value: number, digits: number): string {
  return value.toFixed(digits).replace(/\.0+$/, "");
}
