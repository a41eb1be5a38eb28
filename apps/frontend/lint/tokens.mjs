// Refuses a colour, a size or a duration outside src/tokens.ts.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../src", import.meta.url));
const MAY = new Set(["tokens.ts", "api/types.ts"]);
const RULES = [
  [/#[0-9a-f]{3,8}\b(?![^`"']*\()/i, "a colour"],
  [/\b(?:rgba?|hsla?|oklch|oklab|lab|lch|hwb)\(/i, "a colour"],
  [/(?<![\w.#-])\d*\.?\d+(?:px|rem|em|vh|vw|vmin|vmax|pt|cm|mm)\b/, "a size"],
  [/(?<![\w.#-])\d*\.?\d+m?s\b(?=[\s;,)])(?=[^"]*;)/, "a duration"],
  [/\bset(?:Timeout|Interval)\([^;]*,\s*\d/, "a duration"],
];

const findings = [];
for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  const name = path.slice(root.length + 1);
  if (!entry.isFile() || MAY.has(name)) continue;
  const lines = (await readFile(path, "utf8")).split("\n");
  lines.forEach((line, index) => {
    if (line.trimStart().startsWith("//") || line.trimStart().startsWith("/**") || line.trimStart().startsWith("*")) return;
    for (const [rule, what] of RULES) if (rule.test(line)) findings.push(`src/${name}:${index + 1}: ${what} outside src/tokens.ts: ${line.trim()}`);
  });
}
if (findings.length) {
  console.error(findings.join("\n"));
  process.exit(1);
}
