// What a person prefers on this machine: the theme, and whether single keys do anything (WCAG 2.1.4).

export type Theme = "system" | "dark" | "light";

/** The chosen theme. */
export function theme(): Theme {
  const kept = localStorage.getItem("sre-space-theme");
  return kept === "dark" || kept === "light" ? kept : "system";
}

/** Choose and apply a theme; charts listen for `theme` to draw with its colours. */
export function chooseTheme(chosen: Theme): void {
  localStorage.setItem("sre-space-theme", chosen);
  applyTheme();
}

/** Apply the chosen theme to the document. */
export function applyTheme(): void {
  const chosen = theme();
  if (chosen === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = chosen;
  window.dispatchEvent(new Event("theme"));
}

/** Whether single keys are shortcuts. */
export function keysAreOn(): boolean {
  return localStorage.getItem("sre-space-keys") !== "off";
}

/** Switch shortcuts of single keys on or off. */
export function switchKeys(on: boolean): void {
  localStorage.setItem("sre-space-keys", on ? "on" : "off");
}
