// Evidence ids as people read them.

/** "health: policy-service" for "health:policy-service"; a trace by its first digits. */
export function evidenceName(id: string): string {
  const [kind, ...rest] = id.split(":");
  const what = rest.join(":");
  if (kind === "span" || kind === "trace") return `trace ${what.slice(0, 8)}`;
  const subject = what.split(":")[0] ?? "";
  return subject ? `${kind}: ${subject}` : id;
}
