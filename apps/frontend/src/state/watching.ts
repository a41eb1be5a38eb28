// Lit controllers: redraw with the store, and load an answer whenever its address changes.
import type { ReactiveController, ReactiveControllerHost } from "lit";
import { read } from "../api/client.ts";
import type { Problem } from "../api/types.ts";
import { session } from "./session.ts";
import { store } from "./store.ts";

/** Redraws its host at each redraw of the store. */
export class Watching implements ReactiveController {
  private stop: () => void = () => {};
  private readonly host: ReactiveControllerHost;
  private readonly each: () => void;

  constructor(host: ReactiveControllerHost, each: () => void = () => {}) {
    this.host = host;
    this.each = each;
    host.addController(this);
  }

  hostConnected(): void {
    this.stop = store.subscribe(() => {
      this.each();
      this.host.requestUpdate();
    });
  }

  hostDisconnected(): void {
    this.stop();
  }
}

/** Loads one answer. A failed reload keeps the last value, with the problem beside it. */
export class Loading<T> implements ReactiveController {
  value: T | undefined;
  problem: Problem | undefined;
  busy = false;
  private path = "";
  private abort = new AbortController();
  private readonly host: ReactiveControllerHost;
  private readonly again = () => this.reload();

  constructor(host: ReactiveControllerHost) {
    this.host = host;
    host.addController(this);
  }

  hostConnected(): void {
    session.addEventListener("change", this.again);
    if (this.path) this.reload();
  }

  hostDisconnected(): void {
    session.removeEventListener("change", this.again);
    this.abort.abort();
  }

  /** Load `path` unless it is what was loaded last; a new address forgets the old value unless `keep`. */
  load(path: string, keep = false): void {
    if (path === this.path) return;
    this.path = path;
    if (!keep) this.value = undefined;
    this.reload();
  }

  /** Forget the answer and ask for nothing. */
  clear(): void {
    this.abort.abort();
    this.path = "";
    this.value = this.problem = undefined;
  }

  /** Load the same address again and keep showing what is there meanwhile. */
  reload(): void {
    if (!this.path) return;
    this.abort.abort();
    this.abort = new AbortController();
    this.busy = true;
    void this.fetch(this.path, this.abort.signal);
  }

  private async fetch(path: string, signal: AbortSignal): Promise<void> {
    try {
      const answer = await read<T>(path, signal);
      if (signal.aborted) return;
      this.problem = answer.ok ? undefined : answer.problem;
      if (answer.ok) this.value = answer.value;
      this.busy = false;
      this.host.requestUpdate();
    } catch {
      // A newer request took its place.
    }
  }
}
