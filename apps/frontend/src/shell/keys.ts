// Shortcuts of the keyboard. Single keys can be switched off in the help (WCAG 2.1.4).
import { keysAreOn } from "../state/preferences.ts";
import { chord } from "../tokens.ts";

export type Command = "help" | "search" | "now" | "incidents" | "next error" | "approve" | "earlier fact" | "later fact" | "down" | "up";

const SINGLE: Readonly<Record<string, Command>> = { "?": "help", "/": "search", e: "next error", a: "approve", "[": "earlier fact", "]": "later fact", j: "down", k: "up" };
const AFTER_G: Readonly<Record<string, Command>> = { n: "now", i: "incidents" };

interface Pressed {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

/** Turns keys into commands; `g` waits for a second key. */
export class Keys {
  private waitsSince = Number.NEGATIVE_INFINITY;

  /** The command of a key pressed at a time, if any. */
  command(pressed: Pressed, now: number, on: boolean): Command | undefined {
    if ((pressed.ctrlKey || pressed.metaKey) && pressed.key.toLowerCase() === "k") return "search";
    if (!on || pressed.ctrlKey || pressed.metaKey || pressed.altKey) return undefined;
    const waited = now - this.waitsSince < chord;
    this.waitsSince = pressed.key === "g" && !waited ? now : Number.NEGATIVE_INFINITY;
    return waited ? AFTER_G[pressed.key] : SINGLE[pressed.key];
  }
}

/** Call `run` for each shortcut, but not while somebody writes or a dialog is open. */
export function listenForKeys(run: (command: Command) => void): void {
  const keys = new Keys();
  window.addEventListener("keydown", (event) => {
    const from = event.composedPath()[0];
    const writes = from instanceof HTMLElement && (from.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(from.tagName));
    const dialog = event.composedPath().some((element) => element instanceof HTMLDialogElement);
    if (dialog || event.defaultPrevented) return;
    const command = keys.command(event, event.timeStamp, keysAreOn() && !writes);
    if (!command) return;
    event.preventDefault();
    run(command);
  });
}
