// One process that works on a stack: node stack-process.mjs <root> <home> <lab or -> <up | down | use | own | test | break>
import { composeDown, composed, composeTest, composeUp, openLab } from "@otto/docker";

const [root, home, labName, action] = process.argv.slice(2);
const env = { ...process.env, OTTO_COMPOSE_SUFFIX: "ci", OTTO_TRUST: root };
const lab = await openLab({ cwd: root, env, home, ...(labName !== "-" && { lab: labName }) });
const [repo] = lab.repos;
console.log("open");
if (action === "up") await composeUp(repo, lab);
if (action === "down") {
  const result = await composeDown(repo, lab);
  if (result.status === "failed") throw result.error;
}
if (action === "break") {
  const stack = await composed(repo, lab);
  const { hosts } = stack;
  await stack.partition(["client"], ["web"]);
  await Promise.all([hosts.db.stop({ stopTimeout: 0 }), hosts.web.pause()]);
  console.log("broken");
  // Until it is killed.
  await new Promise((resolve) => process.stdin.once("data", resolve));
}
if (action === "test") {
  await composeTest(repo, lab, { service: "k-test", output: { stdout: process.stdout, stderr: process.stderr } });
}
if (action === "use" || action === "own") {
  const stack = await composed(repo, lab, { own: action === "own" });
  console.log("using");
  // Until told to leave.
  await new Promise((resolve) => process.stdin.once("data", resolve));
  process.stdin.destroy();
  await stack[Symbol.asyncDispose]();
}
await lab[Symbol.asyncDispose]();
