// Who signed in in this tab, and what this person may do, as the server says.
import type { Me, NewOrder } from "../api/types.ts";
import { read } from "../api/client.ts";
import { session } from "../state/session.ts";

class Person extends EventTarget {
  me: Me | undefined;

  constructor() {
    super();
    session.addEventListener("change", () => void this.ask());
  }

  /** Ask the server again who the token names. */
  async ask(): Promise<Me | undefined> {
    const answer = await read<Me>("me");
    this.me = answer.ok ? answer.value : undefined;
    this.dispatchEvent(new Event("change"));
    return this.me;
  }

  /** Whether this person may give such an order. */
  may(verb: NewOrder["verb"]): boolean {
    return this.me?.may.includes(verb) ?? false;
  }
}

export const person = new Person();
