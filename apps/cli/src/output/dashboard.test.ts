import type { ServiceStatus, StackStatus } from "@otto/docker";
import { expect, test } from "vitest";
import { formatAge, formatDashboard, formatPublishers } from "./dashboard.js";

const now = new Date("2026-01-01T12:00:00Z");

function row(service: string, replica: number, more: Partial<ServiceStatus> = {}, ageMs = 185_000): ServiceStatus {
  const host = `pepper.warehouse.${service}${replica === 1 ? "" : `.${replica}`}`;
  const publishers = service === "gateway" ? [any("0.0.0.0", 32_770 + replica), any("::", 32_770 + replica)] : [];
  const row = { Image: `warehouse-${service}:latest`, Names: `otto-warehouse-ada-${service}-${replica}` };
  const created = new Date(now.getTime() - ageMs);
  const container = { id: "0".repeat(64), created, row, publishers } as unknown as ServiceStatus["container"];
  return { parent: "pepper", host, service, replica, enabled: true, state: "healthy", container, ...more };
}

function any(address: string, published: number) {
  return { address, published, target: 8080, protocol: "tcp" };
}

const stack: StackStatus = {
  repo: "warehouse",
  parent: "pepper",
  project: "otto-warehouse-ada",
  owner: "ada",
  services: [
    row("database", 1, { state: "exited", exitCode: 3 }),
    row("gateway", 1),
    row("gateway", 2, { state: "unhealthy" }),
    row("migrate", 1, { state: "absent", container: undefined }),
  ],
};

test.each([
  [
    undefined,
    `ID                          STATE       PORTS            AGE  IMAGE                      OWNER
pepper.warehouse.database   exited (3)                   3m   warehouse-database:latest  ada
pepper.warehouse.gateway    healthy     32771->8080/tcp  3m   warehouse-gateway:latest   ada
pepper.warehouse.gateway.2  unhealthy   32772->8080/tcp  3m   warehouse-gateway:latest   ada
pepper.warehouse.migrate    absent                                                       ada`,
  ],
  [
    80,
    `SERVICE    STATE       PORTS            AGE  IMAGE                      OWNER
database   exited (3)                   3m   warehouse-database:latest  ada
gateway    healthy     32771->8080/tcp  3m   warehouse-gateway:latest   ada
gateway.2  unhealthy   32772->8080/tcp  3m   warehouse-gateway:latest   ada
migrate    absent                                                       ada`,
  ],
  [
    50,
    `SERVICE    STATE       PORTS            AGE
database   exited (3)                   3m
gateway    healthy     32771->8080/tcp  3m
gateway.2  unhealthy   32772->8080/tcp  3m
migrate    absent`,
  ],
  [
    40,
    `SERVICE    STATE       PORTS
database   exited (3)
gateway    healthy     32771->8080/tcp
gateway.2  unhealthy   32772->8080/tcp
migrate    absent`,
  ],
])("in %s columns it shows what fits", (columns, lines) => {
  expect(formatDashboard(stack, now, columns).join("\n")).toBe(lines);
});

test.each([40, 80, 120])("in %i columns no line is longer, and no two rows are alike", (columns) => {
  const services = Array.from({ length: 12 }, (_, index) => row("a-service-of-a-long-name", index + 1));
  const lines = formatDashboard({ ...stack, services }, now, columns);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
  expect(new Set(lines).size).toBe(13);
});

test.each([
  [[any("0.0.0.0", 80), any("::", 80)], "80->8080/tcp"],
  [[any("127.0.0.1", 80)], "127.0.0.1:80->8080/tcp"],
  [[any("::1", 80)], "[::1]:80->8080/tcp"],
  [[{ address: "", published: undefined, target: 90, protocol: "udp" }], "90/udp"],
  [[], ""],
])("ports %j are %s", (publishers, text) => {
  expect(formatPublishers(publishers)).toBe(text);
});

test.each([
  [-5, "0s"],
  [59_999, "59s"],
  [60_000, "1m"],
  [3_599_999, "59m"],
  [3_600_000, "1h"],
  [86_399_999, "23h"],
  [86_400_000, "1d"],
])("%i ms are %s", (ms, text) => {
  expect(formatAge(ms)).toBe(text);
});
