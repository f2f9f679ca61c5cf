import { expect, test } from "vitest";
import { readGatewayAddress, readMembership, readNode, readService, readTask } from "./swarm-objects.js";

// Engine 26.1.5
const task = {
  ID: "0wbqipi8b506g3pmfffebyydo",
  CreatedAt: "2026-11-29T23:33:52.644046244Z",
  Spec: { ContainerSpec: { Image: "base:1" } },
  ServiceID: "mlbjnv2ah4one15k65dbs9u1o",
  Slot: 1,
  NodeID: "ciotrqfam1ukxv6mypvpoep30",
  Status: {
    State: "failed",
    Message: "started",
    Err: "task: non-zero exit (3)",
    ContainerStatus: { ContainerID: "cf6b", PID: 0, ExitCode: 3 },
  },
  DesiredState: "shutdown",
};

test("a task is read as the engine tells it", () => {
  expect(readTask(task)).toEqual({
    taskSpec: expect.stringMatching(/^[0-9a-f]{16}$/),
    id: "0wbqipi8b506g3pmfffebyydo",
    serviceId: "mlbjnv2ah4one15k65dbs9u1o",
    slot: 1,
    nodeId: "ciotrqfam1ukxv6mypvpoep30",
    state: "failed",
    desiredState: "shutdown",
    error: "task: non-zero exit (3)",
    message: "started",
    containerId: "cf6b",
    exitCode: 3,
    createdAt: "2026-11-29T23:33:52.644046244Z",
    jobIteration: undefined,
    tty: false,
  });
});

test("an id that would lead to another path of the engine's API is refused", () => {
  expect(() => readTask({ ...task, ID: "../containers/x" })).toThrow(
    expect.objectContaining({ code: "ENGINE_STREAM_INVALID" }),
  );
});

test("what a task's program wrote as its error is clean", () => {
  expect(readTask({ ...task, Status: { State: "failed", Err: "a\u001b[2Jb" } }).error).not.toContain("\u001b");
});

test("nothing of an answer has to be there but ids", () => {
  expect(readNode({ ID: "n1" })).toEqual({
    id: "n1",
    hostname: "",
    address: "",
    labels: {},
    isManager: false,
    isReady: false,
    isActive: false,
  });
  expect(readMembership({})).toEqual({
    state: "inactive",
    nodeId: "",
    isManager: false,
    clusterId: undefined,
    error: "",
  });
});

test.each([
  [{ Replicated: { Replicas: 0 } }, { kind: "replicated", replicas: 0 }],
  [{ Replicated: {} }, { kind: "replicated", replicas: 1 }],
  [{ Global: {} }, { kind: "global" }],
  [{ GlobalJob: {} }, { kind: "global-job", iteration: 4 }],
  [{ ReplicatedJob: { TotalCompletions: 3 } }, { kind: "replicated-job", total: 3, iteration: 4 }],
])("the mode %j", (Mode, mode) => {
  expect(readService({ ID: "s1", Spec: { Mode }, JobStatus: { JobIteration: { Index: 4 } } }).mode).toEqual(mode);
});

test.each([
  [{ c1: { IPv4Address: "172.18.0.3/16" } }, "172.18.0.3"],
  [{ c2: { IPv4Address: "172.18.0.3/16" } }, undefined],
  [{ c1: { IPv4Address: "evil.example/16" } }, undefined],
  [undefined, undefined],
])("the address of a container on the bridge %j", (Containers, address) => {
  expect(readGatewayAddress({ Containers }, "c1")).toBe(address);
});

test("a task is as its service says, wherever that lets it run", () => {
  const ContainerSpec = { Image: "a", Env: ["A=1"], Privileges: { CredentialSpec: null } };
  const service = readService({
    ID: "s1",
    Spec: {
      TaskTemplate: { Runtime: "container", Placement: { Constraints: ["x==y"] }, ContainerSpec, Resources: {} },
    },
  });
  const taskOf = (Spec: object) => readTask({ ...task, Spec }).taskSpec;
  expect(taskOf({ ContainerSpec: { Env: ["A=1"], Image: "a", Privileges: {} } })).toBe(service.taskSpec);
  expect(taskOf({ ContainerSpec: { Env: ["A=2"], Image: "a" } })).not.toBe(service.taskSpec);
});
