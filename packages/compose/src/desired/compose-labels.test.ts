import type { ContainerSummary } from "@otto/engine";
import type { Parent } from "@otto/hosts";
import { expect, test } from "vitest";
import { toRow } from "../observed/container-rows.js";
import { parseContainers } from "../observed/observed-stack.js";

type Labels = Readonly<Record<string, string>>;

const common: Labels = {
  "com.docker.compose.config-hash": "80dd1ff8c70f4e8b316d7a5ab2df65cc420da317241b48115049c1fa13ceddd7",
  "com.docker.compose.container-number": "2",
  "com.docker.compose.oneoff": "False",
  "com.docker.compose.project": "p",
  "com.docker.compose.project.config_files": "/c/repo/compose.yml,/c/.otto/labels.json",
  "com.docker.compose.project.working_dir": "/c/repo",
  "com.docker.compose.service": "api",
};
const image = "com.docker.compose.image";
const dependsOn = "com.docker.compose.depends_on";
const version = "com.docker.compose.version";
const envFile = "com.docker.compose.project.environment_file";
const digest = "sha256:9686e9642eeb9a0519d32edf437c8bd70046099e798293eb91d410348da7028e";

/*
 * What each version puts on a service's second container. Of 2.26.1 as it was seen; of the others by the version's own
 * source: depends_on has had its third part since 2.17, hook comes after 5.5.
 */
const versions: Readonly<Record<string, Labels>> = {
  "1.29.2": { ...common, [version]: "1.29.2" },
  "2.6.0": { ...common, [version]: "2.6.0", [image]: digest, [dependsOn]: "db:service_started" },
  "2.17.0": { ...common, [version]: "2.17.0", [image]: digest, [dependsOn]: "db:service_started:false" },
  "2.26.1": { ...common, [version]: "2.26.1", [image]: digest, [dependsOn]: "", [envFile]: "/c/compose/none.env" },
  "2.40.3": { ...common, [version]: "2.40.3", [image]: digest, [dependsOn]: "db:service_healthy:true" },
  "5.5.0": {
    ...{ ...common, [version]: "5.5.0", [image]: digest, [dependsOn]: "db:service_started:false" },
    "com.docker.compose.image-volume-digest": `/data=${digest}`,
  },
};

function observe(labels: Labels, name = "p-api-2") {
  const state = { Status: "running", ExitCode: 0 };
  const line = { id: "1", name: `/${name}`, image: digest, restarts: 0, state, policy: "no", labels };
  return parseContainers({ id: "here" } as Parent, `${JSON.stringify(line)}\n`);
}

test.each(Object.entries(versions))("a container of Compose %s is seen as those of any other", (_, labels) => {
  expect(observe(labels)).toEqual(observe(common));
  expect(observe(labels)).toMatchObject([{ service: "api", replica: 2, isLeftOver: false }]);
});

test.each(Object.entries(versions))("a row of a container of Compose %s has the shape of any other", (_, labels) => {
  const summary = {
    ...{ Id: "0123456789abcdef", Names: ["/p-api-2"], Image: "a:1", Command: "sleep", Created: 0, State: "running" },
    ...{
      Status: "Up 1 second",
      Ports: [],
      Labels: labels,
      NetworkSettings: { Networks: { p_default: {} } },
      Mounts: [],
    },
  } as unknown as ContainerSummary;
  expect({ ...toRow(summary), Labels: "" }).toEqual({
    ...{ ID: "0123456789ab", Names: "p-api-2", Image: "a:1", Command: '"sleep"', State: "running" },
    ...{ CreatedAt: "1970-01-01T00:00:00.000Z", Status: "Up 1 second", Ports: "", Networks: "p_default", Mounts: "" },
    Labels: "",
  });
  for (const [key, value] of Object.entries(labels)) expect(toRow(summary).Labels).toContain(`${key}=${value}`);
});

test.each<[string, Labels]>([
  [
    "run, with a number",
    { ...common, "com.docker.compose.oneoff": "True", "com.docker.compose.slug": digest.slice(7) },
  ],
  ["run, later without", { "com.docker.compose.service": "api", "com.docker.compose.oneoff": "True" }],
  ["a hook", { "com.docker.compose.service": "api", "com.docker.compose.hook": "pre_start" }],
])("a container of %s is not the service's", (_, labels) => {
  expect(observe(labels)).toEqual([]);
});

test.each<[string, Labels]>([
  ["2.6 to 2.15, the old container", common],
  ["2.16 to 2.38, the new one, with the old one's id", { ...common, "com.docker.compose.replace": "0123456789ab" }],
  ["2.39 and later, the new one, with the old one's name", { ...common, "com.docker.compose.replace": "p-api-2" }],
])("what a killed recreate leaves is known: %s", (_, labels) => {
  expect(observe(labels, "0123456789ab_p-api-2")).toMatchObject([{ isLeftOver: true }]);
});

test("a name that only looks like it is none that is left", () => {
  expect(observe(common, "0123456789ab_mine")).toMatchObject([{ isLeftOver: false }]);
});

test("one that goes meanwhile is not an error, and anything else is", () => {
  const parent = { id: "here", docker: { command: ["docker"] } } as unknown as Parent;
  expect(
    parseContainers(parent, "-Error: No such container: 1\n-Error response from daemon: No such container: 2\n"),
  ).toEqual([]);
  expect(() => parseContainers(parent, "-permission denied")).toThrow(
    expect.objectContaining({ code: "COMPOSE_ENGINE_FAILED" }),
  );
  // Of a client that knows less of the template.
  expect(() => parseContainers(parent, '{"id":')).toThrow(
    expect.objectContaining({ code: "COMPOSE_ENGINE_FAILED", hint: expect.stringContaining("docker.command") }),
  );
  expect(parseContainers(parent, "+WARNING: Error loading config file\n")).toEqual([]);
});
