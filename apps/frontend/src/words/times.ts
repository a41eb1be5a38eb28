// Moments in the viewer's zone, with UTC beside them where it matters.

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const short = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const weekday = new Intl.DateTimeFormat("en-GB", { weekday: "short" });

/** "14:03:07" in the viewer's zone. */
export function clockOf(at: number): string {
  return clock.format(at);
}

/** "14:03" in the viewer's zone. */
export function minuteOf(at: number): string {
  return short.format(at);
}

/** "30 Nov 14:03" in the viewer's zone. */
export function dateOf(at: number): string {
  return `${day.format(at)} ${short.format(at)}`;
}

/** "Mon" in the viewer's zone. */
export function weekdayOf(at: number): string {
  return weekday.format(at);
}

/** "2026-11-30 13:03:07 UTC". */
export function utcOf(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** "14:03:07" when it is of today, else "30 Nov 14:03". */
export function momentOf(at: number, now: number): string {
  return new Date(at).toDateString() === new Date(now).toDateString() ? clockOf(at) : dateOf(at);
}
