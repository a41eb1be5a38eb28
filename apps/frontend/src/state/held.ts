// Whether the pointer or the focus is in a component, so that what it shows must not move.
import type { LitElement, ReactiveController } from "lit";

export class Held implements ReactiveController {
  /** Whether somebody points at it or has the focus in it. */
  now = false;
  private readonly host: LitElement;

  constructor(host: LitElement) {
    this.host = host;
    host.addController(this);
    for (const event of ["pointerenter", "focusin"]) host.addEventListener(event, () => this.set(true));
    for (const event of ["pointerleave", "focusout"]) host.addEventListener(event, () => this.set(false));
  }

  hostConnected(): void {
    this.now = false;
  }

  private set(now: boolean): void {
    this.now = now;
    if (!now) this.host.requestUpdate();
  }
}
