// Whether the page is a phone's: some parts are other elements there, not only other styles.
import type { ReactiveController, ReactiveControllerHost } from "lit";
import { media } from "../tokens.ts";

export class Narrow implements ReactiveController {
  private readonly query = matchMedia(media.narrow);
  private readonly host: ReactiveControllerHost;
  private readonly changed = () => this.host.requestUpdate();

  constructor(host: ReactiveControllerHost) {
    this.host = host;
    host.addController(this);
  }

  /** Whether it is narrow now. */
  get is(): boolean {
    return this.query.matches;
  }

  hostConnected(): void {
    this.query.addEventListener("change", this.changed);
  }

  hostDisconnected(): void {
    this.query.removeEventListener("change", this.changed);
  }
}
