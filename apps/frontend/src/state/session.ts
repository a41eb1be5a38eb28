// Who acts in this tab. The token stays in the tab's sessionStorage and is sent as a header only.

const KEY = "sre-space-token";

class Session extends EventTarget {
  /** The person's token; "": nobody signed in. */
  get token(): string {
    return sessionStorage.getItem(KEY) ?? "";
  }

  /** Keep a token, or forget it with "", and say so to everyone who listens for `change`. */
  keep(token: string): void {
    if (token) sessionStorage.setItem(KEY, token);
    else sessionStorage.removeItem(KEY);
    this.dispatchEvent(new Event("change"));
  }
}

export const session = new Session();
