#!/usr/bin/env node
import module from "node:module";

// Node 22 and newer. What is imported after it is kept, so `start` cannot be a static import.
if (module.enableCompileCache) (await import("../bundle/compile-cache.js")).keepCompiled(module.enableCompileCache);
const { start } = await import("../bundle/start.js");
await start();
