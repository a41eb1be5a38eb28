// Server-sent events from a body of `fetch`, which unlike EventSource can send the person's token as a header.

export interface ServerEvent {
  readonly name: string;
  readonly id: string;
  readonly data: string;
}

/** Turns pieces of text into events; a piece may end anywhere. */
export class EventParser {
  private rest = "";

  /** Return the events that `text` completes. */
  take(text: string): ServerEvent[] {
    const blocks = (this.rest + text.replaceAll("\r", "")).split("\n\n");
    this.rest = blocks.pop() ?? "";
    return blocks.map(eventOf).filter((event) => event.data !== "");
  }
}

function eventOf(block: string): ServerEvent {
  const fields = { event: "message", id: "", data: [] as string[] };
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0));
    const value = line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") fields.data.push(value);
    else if (name === "event" || name === "id") fields[name] = value;
  }
  return { name: fields.event, id: fields.id, data: fields.data.join("\n") };
}
