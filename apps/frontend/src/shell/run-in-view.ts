// The shortcuts that mean something inside a view.
import type { Decision } from "../incident/decision.ts";
import type { IncidentView } from "../incident/incident-view.ts";
import type { IncidentsView } from "../incidents/incidents-view.ts";
import { go } from "../routing/router.ts";
import type { TracePanel } from "../trace/trace-panel.ts";
import type { Command } from "./keys.ts";

/** Run a shortcut in the view that is shown; what it has not, does nothing. */
export async function runInView(command: Command, root: ParentNode, drawn: () => Promise<unknown>): Promise<void> {
  if (command === "search") {
    if (!root.querySelector("sre-incidents")) go("incidents");
    await drawn();
    const list = root.querySelector<IncidentsView>("sre-incidents");
    await list?.updateComplete;
    list?.focusSearch();
  } else if (command === "next error") within<TracePanel>(root, "sre-trace")?.nextError();
  else if (command === "approve") approve(root);
  else if (command === "earlier fact" || command === "later fact") step(links(root, "details.fact > summary"), command === "later fact" ? 1 : -1);
  else if (command === "down" || command === "up") step(links(root, "tbody a, li a"), command === "down" ? 1 : -1);
}

function approve(root: ParentNode): void {
  const decision = root.querySelector<IncidentView>("sre-incident")?.shown?.decision;
  if (decision?.waits && decision.you.may) within<Decision>(root, "sre-decision")?.open("approve");
}

/** The first element of a name, also inside components. */
function within<T extends Element>(root: ParentNode, name: string): T | undefined {
  return deep(root, name)[0] as T | undefined;
}

function links(root: ParentNode, selector: string): HTMLElement[] {
  return deep(root.querySelector("#view") ?? root, selector).filter((element): element is HTMLElement => element instanceof HTMLElement && element.offsetParent !== null);
}

function deep(root: ParentNode, selector: string): Element[] {
  const found: Element[] = [];
  for (const element of root.querySelectorAll("*")) {
    if (element.matches(selector)) found.push(element);
    if (element.shadowRoot) found.push(...deep(element.shadowRoot, selector));
  }
  return found;
}

function step(elements: readonly HTMLElement[], by: number): void {
  let focused: Element | null = document.activeElement;
  while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
  const at = elements.findIndex((element) => element === focused);
  const next = elements[at < 0 ? (by > 0 ? 0 : elements.length - 1) : Math.max(0, Math.min(elements.length - 1, at + by))];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}
