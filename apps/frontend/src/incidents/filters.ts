// The filters of the list, kept in the address.

export const FILTERS = ["state", "service", "kind", "verdict", "remedy"] as const;
export type Filter = (typeof FILTERS)[number];

/** The address of the list with one filter's value switched on or off. */
export function switched(query: URLSearchParams, filter: Filter, value: string): string {
  const next = new URLSearchParams(query);
  const there = next.getAll(filter);
  next.delete(filter);
  for (const kept of there) if (kept !== value) next.append(filter, kept);
  if (!there.includes(value)) next.append(filter, value);
  return listAt(next);
}

/** The address of the list with another search. */
export function searching(query: URLSearchParams, text: string): string {
  const next = new URLSearchParams(query);
  next.delete("q");
  if (text.trim()) next.set("q", text.trim());
  return listAt(next);
}

/** The question to the API: only what it knows. */
export function question(query: URLSearchParams): URLSearchParams {
  const asked = new URLSearchParams();
  for (const name of [...FILTERS, "q"]) for (const value of query.getAll(name)) asked.append(name, value);
  return asked;
}

/** How many filters are on. */
export function filtersOn(query: URLSearchParams): number {
  return FILTERS.reduce((sum, filter) => sum + query.getAll(filter).length, 0);
}

function listAt(query: URLSearchParams): string {
  const text = query.toString();
  return text ? `incidents?${text}` : "incidents";
}
