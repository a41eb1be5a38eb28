// Addresses and views: what the page shows is in its address, so that every link works tomorrow.

export type Route =
  | { readonly view: "now" }
  | { readonly view: "incidents"; readonly query: URLSearchParams }
  | { readonly view: "incident"; readonly number: number; readonly query: URLSearchParams }
  | { readonly view: "trace"; readonly trace: string }
  | { readonly view: "nothing" };

/** The view at a path below the base path. */
export function routeOf(path: string, query: URLSearchParams): Route {
  const parts = path.split("/").filter((part) => part !== "");
  const [first, second] = parts;
  if (!first || (first === "now" && parts.length === 1)) return { view: "now" };
  if (first === "incidents" && !second) return { view: "incidents", query };
  if (first === "incidents" && parts.length === 2 && /^[1-9]\d{0,14}$/.test(second ?? "")) return { view: "incident", number: Number(second), query };
  if (first === "traces" && parts.length === 2 && /^[0-9a-f]{1,32}$/.test(second ?? "")) return { view: "trace", trace: second ?? "" };
  return { view: "nothing" };
}
