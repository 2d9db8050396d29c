// Usage: node build.mjs FOLDER <SPEC.json
//
// Makes FOLDER/index.html, the form of a connectionSpecification; any browser can open it as a file.

import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { json } from "node:stream/consumers";

import { build } from "esbuild";

const folder = process.argv[2];
const here = import.meta.dirname;

await build({
  entryPoints: [join(here, "form.jsx")],
  outdir: folder,
  bundle: true,
  format: "iife",
  jsx: "automatic",
  define: { "process.env.NODE_ENV": '"production"' },
  logLevel: "warning",
});
await copyFile(join(here, "index.html"), join(folder, "index.html"));
await writeFile(join(folder, "spec.js"), `window.spec = ${JSON.stringify(await json(process.stdin))};\n`);
