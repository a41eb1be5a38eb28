// Requests to the read API: an answer, or the problem that it names. The person's token goes as a header, never a cookie.
import { session } from "../state/session.ts";
import type { NewOrder, OrderTaken, Problem } from "./types.ts";

export type Answered<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem };
export type Order = Pick<NewOrder, "verb"> & Partial<NewOrder>;

/** The address of a path of the API, below the page's base path. */
export function address(path: string): string {
  return new URL(`api/v1/${path}`, document.baseURI).href;
}

/** The headers of every request: who asks, where somebody signed in. */
export function headers(): Record<string, string> {
  return session.token ? { Authorization: `Bearer ${session.token}` } : {};
}

/** Read one answer. Throws only when `signal` aborts it. */
export async function read<T>(path: string, signal?: AbortSignal): Promise<Answered<T>> {
  return ask<T>(path, { headers: headers(), signal: signal ?? null });
}

/** Read a text, as the story in Markdown. */
export async function readText(path: string): Promise<Answered<string>> {
  try {
    const response = await fetch(address(path), { headers: headers(), credentials: "omit" });
    if (!response.ok) return { ok: false, problem: await problemOf(response) };
    return { ok: true, value: await response.text() };
  } catch {
    return { ok: false, problem: silent };
  }
}

/** Give an order as the person who signed in. */
export async function order(body: Order): Promise<Answered<OrderTaken>> {
  const sent = { ...headers(), "Content-Type": "application/json" };
  return ask<OrderTaken>("orders", { method: "POST", headers: sent, body: JSON.stringify(body) });
}

const silent: Problem = {
  type: "about:blank",
  title: "No answer",
  status: 0,
  detail: "The dashboard does not answer. The agents are not affected; this page asks again by itself.",
  instance: "",
};

async function ask<T>(path: string, init: RequestInit): Promise<Answered<T>> {
  try {
    const response = await fetch(address(path), { ...init, credentials: "omit" });
    if (!response.ok) return { ok: false, problem: await problemOf(response) };
    return { ok: true, value: (await response.json()) as T };
  } catch (error) {
    if (init.signal?.aborted) throw error;
    return { ok: false, problem: silent };
  }
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    return (await response.json()) as Problem;
  } catch {
    return { ...silent, status: response.status, detail: `The dashboard answered ${response.status}.` };
  }
}
