// node build.js          writes dist/receiver-simple.wasm
// node build.js poison   writes dist/poison.wasm, which some orders are the end of, for tests
// node build.js test     writes the tests to dist/test
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { componentize } from "@bytecodealliance/componentize-js";
import { build } from "esbuild";

const LUA = new URL("../../shared/queue/src/lua/", import.meta.url);
const SCRIPTS = ["claim", "commit", "tick"];

const lua = (words) => {
  const names = words.map((word) => word.replace(/^.*:/, "").replaceAll("-", "_"));
  return names.join(", ").toUpperCase();
};

/** Names the keys and settings of a script in Lua. */
function names(keys, settings) {
  const at = keys.indexOf("streams");
  const lists = keys.slice(at);
  return `local ${lua(keys.slice(0, at))} = unpack(KEYS)
local COUNT = (#KEYS - ${at}) / ${lists.length}
local ${lua(lists)} = ${lists.map((_, list) => `${at} + ${list} * COUNT`).join(", ")}
local ${lua(settings)} = unpack(ARGV, 1, ${settings.length})`;
}

/** Puts a script together byte for byte as `shared/queue/build.rs` does. */
function assemble(name) {
  const read = (piece) => readFileSync(new URL(`${piece}.lua`, LUA), "utf8");
  const script = read(name);
  const header = (key) =>
    (new RegExp(`^-- ${key}:(.*)$`, "m").exec(script)?.[1] ?? "").split(" ").filter(Boolean);
  const [keys, settings] = [header("keys"), header("settings")];
  const pieces = ["head", ...header("uses")].map((piece) => read(`common/${piece}`));
  const lines = [names(keys, settings), ...pieces, script]
    .flatMap((text) => text.split("\n"))
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("--"));
  const source = [`#!lua flags=${header("flags").join(" ")}`, ...lines, ""].join("\n");
  const sha1 = createHash("sha1").update(source).digest("hex");
  return { source, sha1, keys, settings };
}

const queueScripts = {
  name: "queue:scripts",
  setup(bundle) {
    bundle.onResolve({ filter: /^queue:scripts$/ }, ({ path }) => ({ path, namespace: path }));
    bundle.onLoad({ filter: /.*/, namespace: "queue:scripts" }, () => ({
      contents: SCRIPTS.map(
        (name) => `export const ${name} = ${JSON.stringify(assemble(name))};`,
      ).join("\n"),
    }));
  },
};

const bundle = (entryPoints, options) =>
  build({
    entryPoints,
    outdir: "dist",
    bundle: true,
    format: "esm",
    target: "es2023",
    plugins: [queueScripts],
    ...options,
  });

async function component(entryPoint, name) {
  await bundle([{ in: entryPoint, out: name }], { external: ["fermyon:*", "orders:*"] });
  const { component: wasm } = await componentize({
    sourcePath: `dist/${name}.js`,
    witPath: "wit",
    worldName: "receiver-simple",
    disableFeatures: ["random"],
  });
  writeFileSync(`dist/${name}.wasm`, wasm);
  console.log(`dist/${name}.wasm: ${wasm.length} bytes`);
}

const [what] = process.argv.slice(2);
switch (what) {
  case undefined:
    await component("src/main.ts", "receiver-simple");
    break;
  case "poison":
    await component("test/poison.ts", "poison");
    break;
  case "test": {
    const tests = readdirSync("test").filter((file) => file.endsWith(".test.ts"));
    const entryPoints = [...tests, "redis-thread.ts"].map((file) => `test/${file}`);
    await bundle(entryPoints, { outdir: "dist/test", platform: "node" });
    break;
  }
  default:
    console.error(`error: expected nothing, "poison" or "test", found ${JSON.stringify(what)}`);
    process.exitCode = 2;
}
