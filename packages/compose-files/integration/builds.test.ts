// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Compose writes its variables like this.
import { expect, test } from "vitest";
import { expectedConfig, type Form, readForm, stagedConfig } from "./reference.js";

interface Build extends Form {
  /** Places in the staged tree, and what is built of each. */
  readonly shipped: Readonly<Record<string, readonly string[]>>;
}

const inline = "dockerfile_inline: FROM scratch";
const dockerfiles = { Dockerfile: "FROM scratch\n", "app/Dockerfile": "FROM scratch\n", "lib/x": "x" };
const api = (build: string) => ({ ...dockerfiles, "compose.yml": `services: { api: { build: ${build} } }\n` });

const forms: Record<string, Build> = {
  "a path alone": { tree: api("./app"), shipped: { "repo/app": ["api"] } },
  "a path from the home": {
    tree: { ...api("~/app"), "~/app/Dockerfile": "FROM scratch\n" },
    options: { allowOutside: ["~/app"] },
    shipped: { "outside/app": ["api"] },
  },
  "a path with variables": {
    tree: api("'${WHERE:-lib}/../${APP}'"),
    options: { environment: { APP: "app" } },
    shipped: { "repo/app": ["api"] },
  },
  "no context": { tree: api("{}"), shipped: { repo: ["api"] } },
  "no context, a Dockerfile": { tree: api("{ dockerfile: app/Dockerfile }"), shipped: { repo: ["api"] } },
  "no context, a Dockerfile in the text": { tree: api(`{ ${inline} }`), shipped: { repo: ["api"] } },
  "an empty name of a Dockerfile": { tree: api("{ context: app, dockerfile: '' }"), shipped: { "repo/app": ["api"] } },
  "a Dockerfile with an empty text": {
    tree: api("{ context: app, dockerfile_inline: '' }"),
    shipped: { "repo/app": ["api"] },
  },
  "no context, of a project directory of one's own": {
    tree: { ...dockerfiles, "docker/compose.yml": `services: { api: { build: { ${inline} } } }\n` },
    files: ["docker/compose.yml"],
    options: { projectDirectory: "@REPO@/app" },
    shipped: { "repo/app": ["api"] },
  },
  "no context, in a service that extends one of another file": {
    tree: {
      ...dockerfiles,
      "compose.yml": "services: { api: { extends: { file: base/base.yml, service: base } } }\n",
      "base/base.yml": `services: { base: { build: { ${inline} } } }\n`,
    },
    shipped: { repo: ["api"] },
  },
  "a context and a Dockerfile of a service that is extended": {
    tree: {
      ...dockerfiles,
      "compose.yml": "services: { api: { extends: { file: base/base.yml, service: base } } }\n",
      "base/base.yml": "services: { base: { build: { context: ../app, dockerfile: ../base/Dockerfile } } }\n",
      "base/Dockerfile": "FROM scratch\n",
    },
    shipped: { "repo/app": ["api"], "repo/base/Dockerfile": ["api"] },
  },
  "no context until another file names one": {
    tree: { ...api(`{ ${inline} }`), "over.yml": "services: { api: { build: ./app } }\n" },
    files: ["compose.yml", "over.yml"],
    shipped: { "repo/app": ["api"] },
  },
  "no context once another file has taken it away": {
    tree: {
      ...api(`{ context: ./gone, ${inline} }`),
      "over.yml": "services: { api: { build: { context: !reset x } } }",
    },
    files: ["compose.yml", "over.yml"],
    shipped: { repo: ["api"] },
  },
  "no context in an included file": {
    tree: {
      "compose.yml": "include: [app/inner.yml]\n",
      "app/inner.yml": `services: { in: { build: { ${inline} } } }\n`,
    },
    shipped: { "repo/app": ["in"] },
  },
  "no context in an included file that has to be moved": {
    tree: {
      "compose.yml": "include: [app/inner.yml]\n",
      "app/inner.yml":
        "services:\n  in: { build: { dockerfile: ../lib/Dockerfile }, volumes: ['${PWD}/lib:/lib'] }\n" +
        `  two: { extends: { file: ../base.yml, service: base } }\n`,
      "base.yml": `services: { base: { build: { ${inline} } } }\n`,
      "lib/Dockerfile": "FROM scratch\n",
    },
    shipped: { "repo/app": ["in", "two"], "repo/lib/Dockerfile": ["in"] },
  },
  "no context in an included file with a project directory of its own": {
    tree: {
      ...dockerfiles,
      "compose.yml": "include: [{ path: in$$ner/a.yml, project_directory: app }]\n",
      "in$ner/a.yml": "services: { in: { build: { dockerfile: Dockerfile } } }\n",
      "app/x": "x",
    },
    shipped: { "repo/app": ["in"] },
  },
  "a Dockerfile outside of its context": {
    tree: api("{ context: lib, dockerfile: ../app/Dockerfile }"),
    shipped: { "repo/app/Dockerfile": ["api"], "repo/lib": ["api"] },
  },
  "a directory that is named like an artefact": {
    tree: { ...api("{ context: 'oci:app' }"), "oci:app/Dockerfile": "FROM scratch\n" },
    shipped: { "repo/oci:app": ["api"] },
  },
  "contexts beside, in a mapping": {
    tree: api(
      `{ context: app, additional_contexts: { lib: ./lib, base: docker-image://x, git: https://x.invalid/y.git } }`,
    ),
    shipped: { "repo/app": ["api"], "repo/lib": ["api"] },
  },
  "contexts beside, in a list": {
    tree: {
      ...dockerfiles,
      "compose.yml":
        `services:\n  api: { build: { ${inline}, additional_contexts: ['lib=\${PWD}/lib', base=service:web] } }\n` +
        `  web: { build: app }\n`,
    },
    shipped: { repo: ["api"], "repo/app": ["web"], "repo/lib": ["api"] },
  },
  "contexts that the parent fetches": {
    tree: {
      "compose.yml":
        "services:\n  a: { build: 'https://x.invalid/y.git#main:sub' }\n  b: { build: { context: 'git@x.invalid:y.git' } }\n" +
        "  c: { build: { context: github.com/x/y, dockerfile: sub/Dockerfile } }\n  d: { build: 'http://x.invalid/z.tar' }\n",
    },
    shipped: {},
  },
  "arguments, a target, secrets": {
    tree: {
      ...dockerfiles,
      "compose.yml":
        "services:\n  api:\n    build: { context: app, target: last, args: [TOKEN, HOME, GONE, A=1], secrets: [file, { source: env }] }\n" +
        "secrets: { file: { file: ./lib/x }, env: { environment: TOKEN }, unused: { file: ./gone } }\n",
    },
    options: { environment: { TOKEN: "t" } },
    shipped: { "repo/app": ["api"], "repo/lib/x": [] },
  },
};

test.each(Object.entries(forms))("%s", async (_, { shipped, ...form }) => {
  const { workstation, local, project } = await readForm(form);
  expect(await stagedConfig(workstation, project)).toEqual(expectedConfig(local, workstation, project));
  const built = project.resources.filter(
    ({ kind, required }) => required && ["build", "dockerfile", "secret"].includes(kind),
  );
  const places = built.map(({ remotePath, builds = [] }) => {
    return [remotePath.replace(/^outside\/[^/]+/, "outside"), builds.map(({ service }) => service)];
  });
  expect(Object.fromEntries(places)).toEqual(shipped);
});
