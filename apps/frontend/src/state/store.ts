// What the page knows now: the stream's panels, how the connection is, and the server's clock.
import { redraw, silence } from "../tokens.ts";
import { after, nothing, type Change, type Panels } from "./panels.ts";

export type Connection = "connecting" | "live" | "lost";
type Listener = () => void;

const SOON = new Set(["sentence", "loops", "feed", "mode", "excused"]);

/** Holds the panels and tells listeners: at once when a fact or a state changed, else at most once a second. */
export class Store {
  panels: Panels = nothing;
  connection: Connection = "connecting";
  refused = "";
  heard = 0;
  at = 0;
  private skew = 0;
  private drawn = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly listeners = new Set<Listener>();

  /** Call `listener` at each redraw until the returned function is called. */
  subscribe(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Take an event of the stream. */
  take(event: string, at: number, changes: Readonly<Record<string, Change>>): void {
    const before = this.panels;
    this.panels = after(before, event, changes);
    this.heard = Date.now();
    this.at = at;
    this.skew = at - this.heard;
    const was = this.connection;
    this.connection = "live";
    this.refused = "";
    const urgent = was !== "live" || event === "reset" || Object.keys(changes).some((name) => this.isNews(name, before));
    this.redraw(urgent);
  }

  /** Note that the stream broke, with the server's reason where it gave one. */
  lose(reason = ""): void {
    this.connection = this.heard ? "lost" : "connecting";
    this.refused = reason;
    this.redraw(true);
  }

  /** Return the server's time, in milliseconds. */
  now(): number {
    return Date.now() + this.skew;
  }

  /** How far this browser's clock is ahead of the server's, in milliseconds. */
  get ahead(): number {
    return -this.skew;
  }

  /** Whether what is shown is old: nothing was heard for a while. */
  get old(): boolean {
    return this.heard > 0 && Date.now() - this.heard > silence;
  }

  private isNews(name: string, before: Panels): boolean {
    if (!SOON.has(name)) return false;
    if (name !== "sentence") return true;
    return before.sentence.get("")?.state !== this.panels.sentence.get("")?.state;
  }

  private redraw(urgent: boolean): void {
    const wait = this.drawn + redraw - Date.now();
    if (urgent || wait <= 0) this.draw();
    else this.timer ??= setTimeout(() => this.draw(), wait);
  }

  private draw(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.drawn = Date.now();
    for (const listener of this.listeners) listener();
  }
}

export const store = new Store();
