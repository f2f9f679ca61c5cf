// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Compose writes its variables like this.
import { join } from "node:path";
import { expect, test } from "vitest";
import { expectedConfig, type Form, readForm, stagedConfig } from "./reference.js";

interface Shape extends Form {
  /** What must be in the staged tree's mirror of the repo, compose files and variables aside. */
  readonly shipped: readonly string[];
}

const data = { "data/x": "x", "other/y": "y" };

const shapes: Record<string, Shape> = {
  "!reset takes a missing file away": {
    tree: {
      ...data,
      "compose.yml": "services: { api: { image: x, volumes: [./gone:/x], env_file: [./gone.env], build: ./gone } }\n",
      "over.yml": "services:\n  api:\n    volumes: !reset []\n    env_file: !reset []\n    build: !reset null\n",
    },
    files: ["compose.yml", "over.yml"],
    shipped: [],
  },
  "!override leaves nothing of what was there before": {
    tree: {
      ...data,
      "compose.yml": "services: { api: { image: x, volumes: [./gone:/x], env_file: [./gone.env], profiles: [p] } }\n",
      "over.yml":
        "services:\n  api: { volumes: !override [./data:/d], env_file: !override [a.env], profiles: !override [] }\n",
      "a.env": "A=1\n",
    },
    files: ["compose.yml", "over.yml"],
    shipped: ["repo/data"],
  },
  "a later mount takes the place of one with the same target": {
    tree: {
      ...data,
      "compose.yml": "services: { api: { image: x, volumes: [./gone:/x, './data:/d:ro'] } }\n",
      "over.yml": "services: { api: { volumes: [{ type: bind, source: ./other, target: /x }] } }\n",
    },
    files: ["compose.yml", "over.yml"],
    shipped: ["repo/data", "repo/other"],
  },
  "merge keys and anchors, in block and flow": {
    tree: {
      ...data,
      "compose.yml":
        "x-a: &a\n  volumes: &v\n    - @REPO@/data:/d\nx-b: &b { restart: always, env_file: &e a.env }\n" +
        "services:\n  api:\n    <<: [*a, *b]\n    image: x\n  web: { image: y, volumes: *v, env_file: [*e] }\n",
      "a.env": "A=1\n",
    },
    shipped: ["repo/data"],
  },
  "several YAML documents in one file": {
    tree: {
      ...data,
      "compose.yml":
        "services: { api: { image: x, volumes: ['${PWD}/data:/d'] } }\n---\nservices: { api: { volumes: [./other:/o] } }\n",
    },
    shipped: ["repo/data", "repo/other"],
  },
  "an extended service in the same file, and over it another file": {
    tree: {
      ...data,
      "compose.yml":
        "services:\n  base: { image: x, volumes: [./data:/d], profiles: [never] }\n" +
        "  api: { extends: base, profiles: !override [] }\n  web: { extends: { service: api }, build: ./other }\n",
      "other/Dockerfile": "FROM scratch\n",
      "over.yml": "services: { web: { build: { dockerfile: ../Dockerfile.web } } }\n",
      "Dockerfile.web": "FROM scratch\n",
    },
    files: ["compose.yml", "over.yml"],
    options: { profiles: ["never"] },
    shipped: ["repo/Dockerfile.web", "repo/data", "repo/other"],
  },
  "a file that is both given and extended starts from two places": {
    tree: {
      "compose.yml": "services: { api: { image: x, extends: { file: sub/base.yml, service: base } } }\n",
      "sub/base.yml": "services: { base: { image: y, volumes: ['./d:/d', '@REPO@/sub/abs:/abs'] } }\n",
      "d/1": "1",
      "sub/d/2": "2",
      "sub/abs/3": "3",
    },
    files: ["compose.yml", "sub/base.yml"],
    shipped: ["repo/d", "repo/sub/abs", "repo/sub/d"],
  },
  "includes in includes, each with variables of its own": {
    tree: {
      "compose.yml": "include: [a/compose.yml]\nservices: { top: { image: 'top:${WHO-nobody}' } }\n",
      "a/compose.yml":
        "include:\n  - path: b/compose.yml\n    env_file: [b.env, c.env]\nservices: { a: { image: 'a:${WHO}', environment: [WHO, HOME] } }\n",
      "a/.env": "WHO=a\nONLY_A=1\nHOME_A=${HOME}\n",
      "a/b.env": "WHO=b\nWHERE=${ONLY_A}\n",
      "a/c.env": "THIRD=${WHO}-${TOKEN}\n",
      "a/b/compose.yml": "services: { b: { image: 'b:${WHO}-${WHERE}-${THIRD}', volumes: ['./d:/d'] } }\n",
      "a/b/.env": "WHO=unread\n",
      "a/b/d/x": "x",
    },
    options: { environment: { TOKEN: "t" } },
    shipped: ["repo/a/b/d"],
  },
  "an implied .env of an included file that needs another text": {
    tree: {
      "compose.yml": "include: [a/compose.yml]\n",
      "a/compose.yml": "services: { a: { image: 'a:${TAG}', labels: ['at=${AT}'], volumes: [./d:/d] } }\n",
      "a/.env": "TAG=1\nAT=${HOME}/x\n",
      "a/d/x": "x",
    },
    shipped: ["repo/a/d"],
  },
  "a compose file and its mounts behind links": {
    tree: {
      "compose.yml": "-> stacks/real.yml",
      "stacks/real.yml": "services: { api: { image: x, volumes: [./link/in:/in, ./data:/d], env_file: .env.link } }\n",
      link: "-> real",
      "real/in/x": "x",
      "data/x": "x",
      ".env.link": "-> real/some.env",
      "real/some.env": "A=1\n",
    },
    shipped: ["repo/data", "repo/real/in"],
  },
  "the whole repo as a mount, beside a file that must be rewritten": {
    tree: {
      "docker/compose.yml":
        "services: { api: { image: x, volumes: ['..:/app', '${PWD}:/pwd'], working_dir: '${HOME}' } }\n",
    },
    files: ["docker/compose.yml"],
    shipped: ["repo"],
  },
  "a project directory of one's own": {
    tree: { ...data, "docker/compose.yml": "services: { api: { image: x, volumes: [./data:/d] } }\n", ".env": "A=1\n" },
    files: ["docker/compose.yml"],
    options: { projectDirectory: "@REPO@" },
    shipped: ["repo/data"],
  },
  "a path that is empty, as of a variable without a value": {
    tree: {
      "docker/compose.yml":
        "services:\n  api:\n    image: x\n    volumes: ['device:/d', { type: bind, source: '${UNSET}', target: /s }]\n    configs: [c]\n    secrets: [s]\n" +
        "volumes: { device: { driver: local, driver_opts: { type: none, o: bind, device: '${UNSET}' } } }\n" +
        "configs: { c: { file: '' } }\nsecrets: { s: { file: '' } }\n",
      "docker/x": "x",
    },
    files: ["docker/compose.yml"],
    shipped: ["repo/docker"],
  },
  "odd names": {
    tree: {
      "compose.yml":
        "services:\n  api:\n    image: x\n    volumes:\n      - './a b/ü$$x:/d'\n      - type: bind\n        source: |\n          @REPO@/#c\n        target: /c\n",
      "a b/ü$x/1": "1",
      "#c\n/2": "2",
    },
    shipped: ["repo/#c\n", "repo/a b/ü$x"],
  },
  "bare keys in every form": {
    tree: {
      "compose.yml":
        "services:\n  api:\n    image: x\n    environment:\n      HOME:\n      TOKEN:\n      NOWHERE:\n" +
        "  list: { image: x, environment: [HOME, TOKEN, NOWHERE] }\n  flow: { image: x, environment: {HOME, TOKEN: } }\n" +
        "  nil: { image: x, environment: {HOME: null, TOKEN: ~} }\n",
    },
    options: { environment: { TOKEN: "to$ken" } },
    shipped: [],
  },
};

test.each(Object.entries(shapes))("%s", async (_, { shipped, ...form }) => {
  const { workstation, local, project } = await readForm(form);
  const expected = withoutLinks(JSON.stringify(expectedConfig(local, workstation, project)), workstation.staged);
  expect(await stagedConfig(workstation, project)).toEqual(JSON.parse(expected));
  const kinds = ["bind", "build", "dockerfile", "config", "secret"];
  const required = project.resources.filter((resource) => resource.required && kinds.includes(resource.kind));
  expect([...new Set(required.map(({ remotePath }) => remotePath))]).toEqual(shipped);
});

/** A link's target is what is shipped. */
function withoutLinks(config: string, staged: string): string {
  return config.replaceAll(join(staged, "repo/link/"), join(staged, "repo/real/"));
}
