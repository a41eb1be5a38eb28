// One stream for all tabs: a browser opens only six connections to a host. The tab that leads passes on what it hears.
import { deafness } from "../tokens.ts";
import { whole, type Change } from "./panels.ts";
import type { Store } from "./store.ts";

export interface Heard {
  readonly name: string;
  readonly id: string;
  readonly at: number;
  readonly panels: Readonly<Record<string, Change>>;
}

type Listen = (until: AbortSignal) => Promise<void>;
type Message = { readonly heard: Heard } | { readonly lost: string } | { readonly asks: true };

/** The tabs of this browser that read with the same token; only on a secure origin, as loopback is, do they share. */
export class Tabs {
  /** The id of the last event. */
  last = "";
  private readonly store: Store;
  private readonly name: string;
  private readonly channel: BroadcastChannel | undefined;
  private leads = false;
  private quiet: ReturnType<typeof setTimeout> | undefined;
  private steal = () => {};

  constructor(store: Store, token: string) {
    this.store = store;
    this.name = `sre-space ${document.baseURI} ${token}`;
    if (!("locks" in navigator)) return;
    this.channel = new BroadcastChannel(this.name);
    this.channel.onmessage = (event: MessageEvent<Message>) => this.receive(event.data);
  }

  /** Run `listen` while this tab leads, and return when `over`; until then the leader's words are taken. */
  async lead(over: AbortSignal, listen: Listen): Promise<void> {
    if (!this.channel) return listen(over);
    this.say({ asks: true });
    while (!over.aborted) {
      const deaf = new AbortController();
      this.steal = () => deaf.abort();
      this.alarm();
      await this.hold({ signal: AbortSignal.any([over, deaf.signal]) }, over, listen);
      if (deaf.signal.aborted) await this.hold({ steal: true }, over, listen);
    }
  }

  /** Take an event of the stream, for all tabs. */
  take(heard: Heard): void {
    this.keep(heard);
    this.say({ heard });
  }

  /** Note for all tabs that the stream broke, with the server's reason where it gave one. */
  lose(reason = ""): void {
    this.store.lose(reason);
    this.say({ lost: reason });
  }

  close(): void {
    clearTimeout(this.quiet);
    this.channel?.close();
  }

  /** Lead with the lock until `over`, or until another tab takes it away; return at once when it is not waited for. */
  private async hold(how: LockOptions, over: AbortSignal, listen: Listen): Promise<void> {
    const taken = new AbortController();
    try {
      await navigator.locks.request(this.name, how, async () => {
        clearTimeout(this.quiet);
        this.leads = true;
        await listen(AbortSignal.any([over, taken.signal]));
      });
    } catch {
      // The lock was not waited for any longer, or taken away.
    } finally {
      this.leads = false;
      taken.abort();
    }
  }

  private receive(message: Message): void {
    if ("asks" in message) {
      this.answer();
      return;
    }
    if (this.leads) return;
    this.alarm();
    if ("lost" in message) this.store.lose(message.lost);
    else this.keep(message.heard);
  }

  /** Tell a new tab all that is known. */
  private answer(): void {
    const { at, panels, connection, refused } = this.store;
    if (!this.leads || !this.last) return;
    this.say({ heard: { name: "reset", id: this.last, at, panels: whole(panels) } });
    if (connection !== "live") this.say({ lost: refused });
  }

  private keep(heard: Heard): void {
    if (!this.last && heard.name !== "reset") return;
    this.last = heard.id;
    this.store.take(heard.name, heard.at, heard.panels);
  }

  /** Take the lead from a tab that says nothing, as one that stands still in a debugger. */
  private alarm(): void {
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => this.steal(), deafness);
  }

  private say(message: Message): void {
    this.channel?.postMessage(message);
  }
}
