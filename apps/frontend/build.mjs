// Builds the page into the Python package: one script, one stylesheet, both with a hash in their name, and index.html.
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "../../src/sre_space/dashboard/static");
const fresh = `${target}.new`;
const common = { bundle: true, format: "esm", target: "es2023", write: false, logLevel: "warning", absWorkingDir: here };

const script = await build({
  ...common,
  entryPoints: ["src/main.ts"],
  minify: true,
  legalComments: "eof", // the licences of lit and uPlot ask for it
  loader: { ".css": "text" },
});
await rm(fresh, { recursive: true, force: true });
await mkdir(fresh, { recursive: true });
const names = {
  script: await hashed("page", "js", script.outputFiles[0].text),
  style: await hashed("tokens", "css", await tokens()),
};
const index = await readFile(join(here, "index.html"), "utf8");
await writeFile(join(fresh, "index.html"), index.replace("{{script}}", names.script).replace("{{style}}", names.style));
await rm(target, { recursive: true, force: true });
await rename(fresh, target);

async function tokens() {
  const module = await build({ ...common, entryPoints: ["src/tokens.ts"] });
  const path = join(fresh, "tokens.mjs");
  await writeFile(path, module.outputFiles[0].text);
  const { stylesheet } = await import(pathToFileURL(path).href);
  await rm(path);
  return stylesheet();
}

async function hashed(name, ending, text) {
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 12);
  await writeFile(join(fresh, `${name}-${hash}.${ending}`), text);
  console.log(`${name}.${ending}: ${(gzipSync(text).length / 1000).toFixed(1)} kB compressed`);
  return `${name}-${hash}.${ending}`;
}
