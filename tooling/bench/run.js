// pnpm bench <name>
const [name = ""] = process.argv.slice(2);
await import(new URL(`${name}/bench.js`, import.meta.url).href);
