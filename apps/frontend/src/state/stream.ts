// Keeps one stream open for all tabs: continues after the last event, waits longer between tries while nobody answers.
import { address, headers } from "../api/client.ts";
import { EventParser } from "../api/events.ts";
import { reconnect, reconnectMost, silence } from "../tokens.ts";
import type { Change } from "./panels.ts";
import { session } from "./session.ts";
import { Tabs } from "./tabs.ts";
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
  private tabs: Tabs;
  private over = new AbortController();
  private readonly store: Store;

  constructor(store: Store) {
    this.store = store;
    this.tabs = new Tabs(store, session.token);
  }

  /** Begin anew, as after signing in. */
  again(): void {
    this.over.abort();
  }

  async run(): Promise<never> {
    for (;;) {
      this.over = new AbortController();
      this.tabs = new Tabs(this.store, session.token);
      await this.tabs.lead(this.over.signal, (until) => this.listenUntil(until));
      this.tabs.close();
    }
  }

  private async listenUntil(until: AbortSignal): Promise<void> {
    for (let wait = reconnect; !until.aborted; wait = Math.min(wait * 2, reconnectMost)) {
      if (await this.listen(until)) wait = reconnect;
      await pause(wait, until);
    }
  }

  private async listen(until: AbortSignal): Promise<boolean> {
    const quiet = new AbortController();
    let heard = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const alarm = () => {
      clearTimeout(timer);
      timer = setTimeout(() => quiet.abort(), silence);
    };
    try {
      alarm();
      const sent = { ...headers(), ...(this.tabs.last && { "Last-Event-ID": this.tabs.last }) };
      const signal = AbortSignal.any([until, quiet.signal]);
      const response = await fetch(address("stream"), { headers: sent, credentials: "omit", signal });
      if (!response.ok || !response.body) return await this.refuse(response);
      const parser = new EventParser();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        alarm();
        for (const event of parser.take(part.value)) heard = this.take(event.name, event.id, event.data);
      }
    } catch {
      // Broken, silent or opened anew: the caller tries again.
    } finally {
      clearTimeout(timer);
    }
    if (!until.aborted) this.tabs.lose();
    return heard;
  }

  private take(name: string, id: string, data: string): boolean {
    const body = JSON.parse(data) as Body;
    this.tabs.take({ name, id, at: body.at, panels: body.panels });
    return true;
  }

  private async refuse(response: Response): Promise<boolean> {
    const problem = (await response.json().catch(() => ({}))) as { detail?: string };
    this.tabs.lose(problem.detail ?? `The dashboard answered ${response.status}.`);
    return false;
  }
}

function pause(wait: number, until: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, wait);
    const stop = () => {
      clearTimeout(timer);
      resolve();
    };
    until.addEventListener("abort", stop, { once: true });
  });
}
