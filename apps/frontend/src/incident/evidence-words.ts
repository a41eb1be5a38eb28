// Evidence ids as people read them.

const HASH = /^([0-9a-f]{12})[0-9a-f]{28}$/;

/** "health: checkout" for "health:checkout"; a trace and a commit by their first digits. */
export function evidenceName(id: string): string {
  const [kind, ...rest] = id.split(":");
  const what = rest.join(":");
  if (kind === "span" || kind === "trace") return `trace ${what.slice(0, 8)}`;
  const subject = (what.split(":")[0] ?? "").replace(HASH, "$1");
  return subject ? `${kind}: ${subject}` : id;
}
