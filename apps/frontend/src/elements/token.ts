// A token's value for a canvas.

/** The value of a custom property of the document, as "#0B0F1A". */
export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
