// One module for what is loaded late: Node 20 breaks off when modules of CommonJS that require each other are imported at once.
export { default as Container } from "dockerode/lib/container.js";
export { default as Exec } from "dockerode/lib/exec.js";
export { default as Image } from "dockerode/lib/image.js";
