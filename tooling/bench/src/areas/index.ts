import type { Area } from "../row.js";
import { build } from "./build.js";
import { context } from "./context.js";
import { exec } from "./exec.js";
import { files } from "./files.js";
import { logs } from "./logs.js";
import { parents } from "./parents.js";
import { ps } from "./ps.js";
import { ssh } from "./ssh.js";
import { stack } from "./stack.js";
import { start } from "./start.js";
import { tree } from "./tree.js";

export const areas: readonly Area[] = [start, context, build, stack, tree, exec, files, logs, ps, parents, ssh];
