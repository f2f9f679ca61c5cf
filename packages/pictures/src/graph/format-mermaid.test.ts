import { expect, test } from "vitest";
import { container, dependency, graph, hostile, service } from "../../integration/graphs.js";
import { formatMermaid } from "./format-mermaid.js";

test("services, what they wait for, volumes and states are a flowchart", () => {
  const web = service("web", {
    replicas: 2,
    dependsOn: [dependency("db", "service_healthy"), { ...dependency("mail"), required: false }],
    ports: ["8080->80/tcp"],
    containers: [container("p-web-1", "healthy")],
  });
  const db = service("db", { mounts: [{ type: "volume", source: "data", target: "/var/lib", readOnly: false }] });
  const stack = graph([web, db, service("mail", { profiles: ["debug"], enabled: false })], {
    volumes: [{ name: "data", external: true }],
    images: [{ name: "web:latest", dockerfile: "web/Dockerfile", isBuilt: true, bases: ["busybox"] }],
  });
  expect(formatMermaid(stack)).toBe(`flowchart LR
  %% web:latest ← busybox  (web/Dockerfile)
  %% default: web, db, mail
  subgraph stack["otto-shop-ci on pepper<br/>this machine → gate → pepper"]
    s0["<b>web ×2</b><br/>○ 1 healthy, 1 absent<br/>image web:latest<br/>from busybox<br/>port 8080-#62;80/tcp<br/>net default"]:::idle
    s1["<b>db</b><br/>○ absent<br/>image db:latest<br/>net default<br/>vol data → /var/lib"]:::idle
    s2["<b>mail</b><br/>○ absent<br/>image mail:latest<br/>net default<br/>profile debug<br/>not part of this up"]:::idle
    v0[("data (external)")]
  end
  s0 -->|"healthy"| s1
  s0 -.->|"started, optional"| s2
  s1 --- v0
  classDef ok stroke:#1a7f37,stroke-width:2px
  classDef busy stroke:#9a6700,stroke-width:2px
  classDef failed stroke:#cf222e,stroke-width:4px
  classDef idle stroke:#6e7781,stroke-dasharray:5 4
`);
});

test("no name ends its quotes, its line or the comment that it stands in", () => {
  const services = hostile.map((text) => service(text, { image: text, profiles: [text] }));
  const given = { images: hostile.map((name) => ({ name, dockerfile: name, isBuilt: true, bases: [name] })) };
  const lines = formatMermaid(graph(services, { ...given, project: hostile.join("") })).split("\n");
  expect(lines.length).toBe(1 + hostile.length + 1 + 1 + services.length + 1 + 4 + 1);
  for (const line of lines.filter((one) => !one.trimStart().startsWith("%%"))) {
    expect(line.replace(/<\/?b>|<br\/>/g, "")).not.toMatch(/[<>`\\{}]|%%/);
    expect(line.split('"').length).toBeLessThanOrEqual(3);
  }
  for (const line of lines.filter((one) => one.trimStart().startsWith("%%"))) expect(line).not.toMatch(/%%.*[{}%]/);
});
