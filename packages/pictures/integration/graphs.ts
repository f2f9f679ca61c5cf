import type { GraphContainer, GraphService, StackGraph } from "@otto/docker";

/** A service, with what a test does not name left empty. */
export function service(name: string, given: Partial<GraphService> = {}): GraphService {
  return {
    ...{
      name,
      image: `${name}:latest`,
      replicas: 1,
      profiles: [],
      enabled: true,
      dependsOn: [],
      networks: ["default"],
    },
    ...{ networkMode: undefined, ports: [], mounts: [], containers: [] },
    ...given,
  };
}

export function dependency(on: string, condition: GraphService["dependsOn"][number]["condition"] = "service_started") {
  return { service: on, condition, required: true, restart: false };
}

export function container(name: string, state: GraphContainer["state"], exitCode?: number): GraphContainer {
  return { name, replica: 1, state, ...(exitCode !== undefined && { exitCode }) };
}

export function graph(services: readonly GraphService[], given: Partial<StackGraph> = {}): StackGraph {
  const images = services.map(({ image }) => ({ name: image, dockerfile: undefined, isBuilt: false, bases: [] }));
  return {
    ...{ repo: "shop", project: "otto-shop-ci", parent: { id: "pepper", hops: ["gate"] }, services, isObserved: true },
    ...{ networks: [{ name: "default", external: false }], volumes: [], images },
    ...given,
  };
}

const states = ["healthy", "running", "unhealthy", "exited", "created", "restarting", "starting"] as const;
const conditions = ["service_healthy", "service_started", "service_completed_successfully"] as const;

/** A stack of thirty services that depend on each other in layers, with every kind of fact. */
export function largeStack(): StackGraph {
  const names = Array.from({ length: 30 }, (_, index) => `service-${index}`);
  const services = names.map((name, index) => {
    const on = index < 5 ? [] : [...new Set([index % 5, (index * 7) % index])];
    return service(name, {
      image: `registry.example:5000/shop-${name}:latest`,
      replicas: index % 9 === 0 ? 3 : 1,
      profiles: index % 11 === 0 ? ["debug"] : [],
      dependsOn: on.map((other, at) => ({
        ...dependency(`service-${other}`, conditions[(index + at) % 3] ?? "service_started"),
        required: index % 4 !== 0,
      })),
      networks: index % 2 === 0 ? ["front", "back"] : ["back"],
      ports: index % 3 === 0 ? [`127.0.0.1:${8000 + index}->80/tcp`, "443/tcp"] : [],
      mounts:
        index % 4 === 0
          ? [
              { type: "volume", source: "data", target: `/var/lib/${name}`, readOnly: false },
              {
                type: "bind",
                source: `./services/${name}/a/path/that/is/long/enough/to/wrap`,
                target: "/srv",
                readOnly: true,
              },
            ]
          : [],
      containers: [
        container(`otto-shop-${name}-1`, states[index % states.length] ?? "running", index % 7 === 3 ? 137 : undefined),
      ],
    });
  });
  return graph(services, {
    networks: ["front", "back"].map((name) => ({ name, external: name === "front" })),
    volumes: [{ name: "data", external: false }],
    images: services.map(({ image }, index) => ({
      name: image,
      dockerfile: index % 2 === 0 ? `services/${index}/Dockerfile` : undefined,
      isBuilt: index % 2 === 0,
      bases: index % 2 === 0 ? ["shop-base:latest", "docker.io/library/busybox:1.36"] : [],
    })),
  });
}

/** Text that closes what it may stand in, loads, runs or directs. */
export const hostile = [
  "</text></svg><script>alert(1)</script>",
  '"><img src="http://evil.invalid/x.png" onerror="alert(1)">',
  "]]></style><style>@import url(http://evil.invalid/x.css);",
  'x"]\n  click s0 "javascript:alert(1)"\n%%{init: {"securityLevel": "loose"}}%%',
  "\u001b[2J\u202ereversed\u0000",
  "&#60;b&#62; &amp; #quot; #60;",
  "\ud800 lone",
];
