// Follows links inside the page without loading it anew.
import { type Route, routeOf } from "./route.ts";

/** The route of the address bar. */
export function currentRoute(): Route {
  const base = new URL(document.baseURI).pathname;
  const path = location.pathname.startsWith(base) ? location.pathname.slice(base.length) : "";
  return routeOf(path, new URLSearchParams(location.search));
}

/** Go to an address below the base path; with `replace` Back does not return here. */
export function go(path: string, replace = false): void {
  const url = new URL(path, document.baseURI).href;
  if (replace) history.replaceState(null, "", url);
  else history.pushState(null, "", url);
  window.dispatchEvent(new Event("route"));
}

/** Call `listener` at each change of the address. */
export function onRoute(listener: () => void): void {
  window.addEventListener("popstate", listener);
  window.addEventListener("route", listener);
  document.addEventListener("click", (event) => {
    const link = event.composedPath().find((element) => element instanceof HTMLAnchorElement);
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    if (link.target || link.hasAttribute("download") || !link.href.startsWith(document.baseURI)) return;
    event.preventDefault();
    go(link.href);
    window.scrollTo(0, 0);
  });
}
