// Where the map's nodes stand: callers above what they call, each layer by name.
import type { Edge, Node } from "../api/types.ts";

export interface Placed {
  readonly node: Node;
  readonly layer: number;
  readonly index: number;
  /** How many stand in its layer. */
  readonly of: number;
}

/** Place every node; its layer is the longest way to it from a node that nobody calls (circles count once). */
export function placed(nodes: readonly Node[], edges: readonly Edge[]): Placed[] {
  const callers = new Map<string, string[]>();
  for (const edge of edges) callers.set(edge.callee, [...(callers.get(edge.callee) ?? []), edge.caller]);
  const depths = new Map<string, number>();
  const visiting = new Set<string>();
  const depth = (name: string): number => {
    const known = depths.get(name);
    if (known !== undefined) return known;
    visiting.add(name);
    const ways = (callers.get(name) ?? []).filter((caller) => !visiting.has(caller));
    const found = ways.length ? 1 + Math.max(...ways.map(depth)) : 0;
    visiting.delete(name);
    depths.set(name, found);
    return found;
  };
  const layers = new Map<number, Node[]>();
  for (const node of [...nodes].sort((one, other) => one.name.localeCompare(other.name))) {
    const layer = depth(node.name);
    layers.set(layer, [...(layers.get(layer) ?? []), node]);
  }
  return [...layers].flatMap(([layer, there]) => there.map((node, index) => ({ node, layer, index, of: there.length })));
}
