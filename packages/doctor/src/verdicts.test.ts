import { expect, test } from "vitest";
import type { Judged } from "./finding.js";
import { judgeHopForwarding, judgeSocketForwarding, type ProbedHost } from "./forwarding.js";
import {
  judgeBanner,
  judgeBrokenDocker,
  judgeBuildKit,
  judgeClient,
  judgeClock,
  judgeCompose,
  judgeDisk,
  judgeDocker,
  judgeEngine,
  judgeSessions,
  judgeSocket,
  judgeSwarm,
} from "./verdicts.js";

const gib = 2 ** 30;
const engine = (isSupported: boolean) =>
  judgeEngine({ product: "Docker", version: "20.10.24", apiVersion: "1.41", isSupported });
const client = (seen: Partial<Parameters<typeof judgeClient>[0]>) =>
  judgeClient({
    command: ["docker"],
    socketPath: "/var/run/docker.sock",
    answers: true,
    asked: "unix:///var/run/docker.sock",
    usual: undefined,
    ...seen,
  });
const hop = { session: { name: "hop" }, events: [] } as unknown as ProbedHost;

const member = { state: "inactive", nodeId: "", isManager: false, clusterId: undefined, error: "" };

test.each<[string, Judged]>([
  ["ok", judgeBanner("a:22", "SSH-2.0-OpenSSH_9.2")],
  ["DOCTOR_NOT_SSH", judgeBanner("a:22", "HTTP/1.1 400 Bad Request")],
  ["DOCTOR_NO_BANNER", judgeBanner("a:22", undefined)],
  ["ok", judgeSessions(4, undefined, "")],
  ["ok", judgeSessions(4, 4, "")],
  ["DOCTOR_FEW_SESSIONS", judgeSessions(4, 3, "SSH-2.0-OpenSSH_9.2")],
  ["ok", judgeHopForwarding(hop, "box")],
  ["ok", judgeSocketForwarding(true, false)],
  ["DOCTOR_SOCKET_FORWARDING_OFF", judgeSocketForwarding(false, true)],
  ["not-reached", judgeSocketForwarding(false, false)],
  ["ok", judgeSocket("/s", "ok")],
  ["DOCTOR_SOCKET_DENIED", judgeSocket("/s", "denied")],
  ["DOCTOR_SOCKET_MISSING", judgeSocket("/s", "missing")],
  ["DOCTOR_SOCKET_MISSING", judgeSocket("/s", "no-socket")],
  ["ok", judgeDocker(["docker"], "/usr/bin/docker")],
  ["DOCTOR_DOCKER_MISSING", judgeDocker(["docker"], undefined)],
  ["DOCTOR_DOCKER_FAILED", judgeBrokenDocker(["sudo", "-n", "docker"], "sudo: a password is required")],
  ["ok", engine(true)],
  ["DOCTOR_ENGINE_TOO_OLD", engine(false)],
  ["ok", judgeBuildKit(true)],
  ["DOCTOR_NO_BUILDKIT", judgeBuildKit(false)],
  ["ok", client({ asked: "unix:///run/docker.sock", usual: "unix:///var/run/docker.sock" })],
  ["not-reached", client({ asked: undefined })],
  ["DOCTOR_CLIENT_ELSEWHERE", client({ answers: false })],
  ["DOCTOR_CLIENT_ELSEWHERE", client({ asked: "unix:///run/user/1000/docker.sock" })],
  ["DOCTOR_LOGIN_ELSEWHERE", client({ usual: "tcp://box:2375" })],
  ["ok", judgeCompose({ text: "2.6.0", major: 2, minor: 6 })],
  ["ok", judgeCompose({ text: "5.5.0", major: 5, minor: 5 })],
  ["ok", judgeCompose({ text: "dev", major: Number.POSITIVE_INFINITY, minor: 0 })],
  ["DOCTOR_COMPOSE_TOO_OLD", judgeCompose({ text: "2.5.1", major: 2, minor: 5 })],
  ["DOCTOR_COMPOSE_TOO_OLD", judgeCompose({ text: "1.29.2", major: 1, minor: 29 })],
  ["DOCTOR_COMPOSE_MISSING", judgeCompose(undefined)],
  ["ok", judgeDisk("/", 5 * gib)],
  ["DOCTOR_DISK_LOW", judgeDisk("/", 5 * gib - 1)],
  ["DOCTOR_DISK_FULL", judgeDisk("/", gib - 1)],
  ["ok", judgeClock(-30_000)],
  ["DOCTOR_CLOCK_SKEWED", judgeClock(-30_001)],
  ["DOCTOR_CLOCK_SKEWED", judgeClock(3_600_000)],
  ["ok", judgeSwarm({ ...member, state: "active", isManager: true })],
  ["DOCTOR_SWARM_NOT_MANAGER", judgeSwarm({ ...member, state: "active" })],
  ["DOCTOR_SWARM_NOT_MANAGER", judgeSwarm(member)],
])("%s: %j", (wanted, judged) => {
  expect("code" in judged ? judged.code : judged.status).toBe(wanted);
});

test.each([
  [{}, /docker swarm init/],
  [{ state: "active" }, /docker node promote/],
  [{ state: "locked" }, /docker swarm unlock/],
])("an engine that manages no swarm gets Docker's command for it: %j", (is, command) => {
  expect(judgeSwarm({ ...member, ...is })).toMatchObject({ hint: expect.stringMatching(command) as string });
});

test("a server with few sessions gets the advice that is for it", () => {
  expect(judgeSessions(4, 1, "SSH-2.0-dropbear_2022.83")).toMatchObject({
    text: expect.stringMatching(/^SSH-2.0-dropbear_2022.83: 1 at once/) as string,
    hint: expect.not.stringContaining("MaxSessions") as string,
  });
  expect(judgeSessions(4, 1, "SSH-2.0-OpenSSH_9.2")).toMatchObject({
    hint: expect.stringContaining("MaxSessions") as string,
  });
});
