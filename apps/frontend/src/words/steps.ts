// Counts of a journey's steps, in words made from the names that the configuration gives them.
import type { Steps } from "../api/types.ts";
import { count } from "./numbers.ts";

/** "1,204 quotes requested → 743 purchased" of `quote_requested` and `quote_purchased`; a name that says no deed stays as it is. */
export function stepCounts({ first, second, asked, bought }: Pick<Steps, "first" | "second" | "asked" | "bought">): string {
  const [one, other] = [parted(first), parted(second)];
  const same = one.noun !== "" && one.noun === other.noun;
  return `${said(asked, one)} → ${same ? `${count(bought)} ${other.deed}` : said(bought, other)}`;
}

interface Parted {
  readonly noun: string;
  readonly deed: string;
}

/** The noun and the deed of a name such as `order_placed`: the deed is its last word, a participle. */
function parted(name: string): Parted {
  const words = name.split(/[\s_.-]+/).filter(Boolean);
  const last = words.at(-1) ?? name;
  return words.length > 1 && /(ed|en|ght|ld|id|ne)$/.test(last) ? { noun: words.slice(0, -1).join(" "), deed: last } : { noun: "", deed: words.join(" ") };
}

function said(value: number, { noun, deed }: Parted): string {
  return noun ? `${count(value)} ${value === 1 ? noun : plural(noun)} ${deed}` : `${count(value)} × ${deed}`;
}

function plural(noun: string): string {
  if (/[^aeiou]y$/.test(noun)) return `${noun.slice(0, -1)}ies`;
  return /(s|x|z|ch|sh)$/.test(noun) ? `${noun}es` : `${noun}s`;
}
