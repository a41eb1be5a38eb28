// An order of rows that people can read: it changes at most every few seconds, and never under the pointer.

export class Settled {
  private keys: readonly string[] = [];
  private sorted = 0;
  private readonly every: number;

  constructor(every: number) {
    this.every = every;
  }

  /** Return the order to show: `wanted` when it may change now, else the old one with what is new at its end. */
  order(wanted: readonly string[], now: number, held: boolean): readonly string[] {
    if (!this.keys.length || (!held && now - this.sorted >= this.every)) {
      if (wanted.join("\n") !== this.keys.join("\n")) this.sorted = now;
      this.keys = wanted;
      return wanted;
    }
    const known = new Set(this.keys);
    const there = new Set(wanted);
    this.keys = [...this.keys.filter((key) => there.has(key)), ...wanted.filter((key) => !known.has(key))];
    return this.keys;
  }
}
