// Keeps one stream open: continues after the last event, waits longer between tries while nobody answers.
import { address, headers } from "../api/client.ts";
import { EventParser } from "../api/events.ts";
import { reconnect, reconnectMost, silence } from "../tokens.ts";
import type { Change } from "./panels.ts";
import { session } from "./session.ts";
import type { Store } from "./store.ts";

interface Body {
  readonly at: number;
  readonly panels: Readonly<Record<string, Change>>;
}

/** Follow the stream into `store` for as long as the page is open. */
export function follow(store: Store): void {
  const follower = new Follower(store);
  session.addEventListener("change", () => follower.again());
  void follower.run();
}

class Follower {
  private readonly store: Store;
  private last = "";
  private abort = new AbortController();
  private wake: () => void = () => {};

  constructor(store: Store) {
    this.store = store;
  }

  /** Open the stream anew, as after signing in. */
  again(): void {
    this.last = "";
    this.abort.abort();
    this.wake();
  }

  async run(): Promise<never> {
    for (let wait = reconnect; ; wait = Math.min(wait * 2, reconnectMost)) {
      this.abort = new AbortController();
      if (await this.listen()) wait = reconnect;
      await this.pause(wait);
    }
  }

  private async listen(): Promise<boolean> {
    let heard = false;
    let quiet: ReturnType<typeof setTimeout> | undefined;
    const alarm = () => {
      clearTimeout(quiet);
      quiet = setTimeout(() => this.abort.abort(), silence);
    };
    try {
      alarm();
      const sent = { ...headers(), ...(this.last && { "Last-Event-ID": this.last }) };
      const response = await fetch(address("stream"), { headers: sent, credentials: "omit", signal: this.abort.signal });
      if (!response.ok || !response.body) return this.refuse(response);
      const parser = new EventParser();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        alarm();
        for (const event of parser.take(part.value)) heard = this.take(event.name, event.id, event.data);
      }
    } catch {
      // Broken, silent or opened anew: the caller tries again.
    } finally {
      clearTimeout(quiet);
    }
    this.store.lose();
    return heard;
  }

  private take(name: string, id: string, data: string): boolean {
    const body = JSON.parse(data) as Body;
    this.last = id;
    this.store.take(name, body.at, body.panels);
    return true;
  }

  private async refuse(response: Response): Promise<boolean> {
    const problem = (await response.json().catch(() => ({}))) as { detail?: string };
    this.store.lose(problem.detail ?? `The dashboard answered ${response.status}.`);
    return false;
  }

  private pause(wait: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, wait);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
