// The answer about one incident, loaded again with each fact of it, and now and then while it is open.
import type { ReactiveControllerHost } from "lit";
import type { IncidentAnswer } from "../api/types.ts";
import { reloadOpen } from "../tokens.ts";
import { store } from "./store.ts";
import { Loading, Watching } from "./watching.ts";

export class Followed extends Loading<IncidentAnswer> {
  private number = 0;
  private newest = "";
  private asked = 0;

  constructor(host: ReactiveControllerHost) {
    super(host);
    new Watching(host, () => this.renew());
  }

  /** Follow this incident; 0: none. */
  follow(number: number): void {
    if (number === this.number) return;
    this.number = number;
    this.newest = "";
    this.asked = Date.now();
    if (number) this.load(`incidents/${number}`);
    else this.clear();
  }

  private renew(): void {
    if (!this.number) return;
    const fact = [...store.panels.feed.values()].find((one) => one.incident === this.number)?.id ?? "";
    const late = this.value?.is_open === true && Date.now() - this.asked > reloadOpen;
    if (fact === this.newest && !late) return;
    const first = this.newest === "" && !late;
    this.newest = fact;
    if (first) return;
    this.asked = Date.now();
    this.reload();
  }
}
