// What a published manifest says beyond the package.json in the repository. Addresses come from the root's package.json,
// the one place that has them; what only the workspace can use (development dependencies that no registry has, scripts
// without their sources) stays away.
const { readFileSync } = require("node:fs");
const path = require("node:path");

const { repository, homepage, bugs } = JSON.parse(readFileSync(path.join(__dirname, "package.json"), "utf8"));

function beforePacking(packed, directory) {
  const folder = path.relative(__dirname, directory).split(path.sep).join("/");
  const manifest = {
    ...packed,
    repository: { ...repository, directory: folder },
    homepage: homepage.replace("#", `/tree/main/${folder}#`),
    bugs,
  };
  delete manifest.devDependencies;
  delete manifest.scripts;
  return manifest;
}

module.exports = { hooks: { beforePacking } };
