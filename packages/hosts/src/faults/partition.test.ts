import { createRandom, readRandomRun } from "@otto/lab";
import { expect, test } from "vitest";
import { type NetworkMember, planPartition } from "./partition.js";

/** `a:n,m`: a container of the service a on the networks n and m. */
function members(words: string): NetworkMember[] {
  return words.split(" ").map((word) => {
    const [service = "", networks = ""] = word.split(":");
    const places = networks.split(",").map((name) => [name, { aliases: [service] }]);
    return { id: `${service}1`, service, networks: Object.fromEntries(places) };
  });
}

const how = { docker: "docker", networkName: (number: number) => `cut${number}` };
const partition = { project: "p", a: ["a"], b: ["b"] };

test("those of one side leave the network that both are on, and meet the others on a network of their own", () => {
  expect(planPartition(members("a:n b:n c:n d:m"), partition, how)?.act.replaceAll("'", "").split(" &&\n")).toEqual([
    "docker network create --label com.docker.compose.project=p cut0",
    "docker network connect --alias=a cut0 a1",
    "docker network connect --alias=c cut0 c1",
    "docker network disconnect --force n a1",
  ]);
});

test("names and addresses come back, with what is odd in them quoted", () => {
  const [one, other] = members("a:n b:n") as [NetworkMember, NetworkMember];
  const place = { aliases: ["it's"], ipv4: "10.0.0.9", ipv6: "fd00::9" };
  const plan = planPartition(
    [
      { ...one, networks: { "n;x": place } },
      { ...other, networks: { "n;x": place } },
    ],
    partition,
    how,
  );
  expect(plan?.undo.split("\n")[0]).toBe(
    `docker network connect '--alias=it'\\''s' '--ip=10.0.0.9' '--ip6=fd00::9' 'n;x' a1 || :`,
  );
});

test.each(["a:n b:m", "a:n c:n", "b:n", "a:n"])("of %s there is nothing to cut", (words) => {
  expect(planPartition(members(words), partition, how)).toBeUndefined();
});

const { count, seed, label } = readRandomRun("OTTO_CASES", 2000);
test(`sides never meet, everybody else meets whom they met, and undoing it gives back what was, ${label}`, () => {
  const next = createRandom(seed);
  for (let n = 0; n < count; n += 1) {
    const services = Array.from({ length: 2 + next(5) }, (_, at) => `s${at}`);
    const networks = Array.from({ length: 1 + next(3) }, (_, at) => `n${at}`);
    const all = services.map((service) => {
      const own = networks.filter((_, at) => at === 0 || next(2) === 0).map((name) => [name, { aliases: [] }]);
      return { id: service, service, networks: Object.fromEntries(own) };
    });
    const sides = { project: "p", a: services.filter((_, at) => at === 0 || at % 3 === 1), b: ["s5", "s2", "s3"] };
    const plan = planPartition(all, { ...sides, b: sides.b.filter((one) => !sides.a.includes(one)) }, how);
    if (plan === undefined) continue;
    const before = new Map(all.map((one) => [one.id, new Set(Object.keys(one.networks))]));
    const cut = perform(before, plan.act);
    const meets = (state: Places, one: string, other: string) =>
      [...(state.get(one) ?? [])].some((it) => state.get(other)?.has(it));
    for (const one of services)
      for (const other of services) {
        const isCut =
          [one, other].some((it) => sides.a.includes(it)) &&
          [one, other].some((it) => !sides.a.includes(it) && sides.b.includes(it));
        expect(meets(cut, one, other)).toBe(meets(before, one, other) && !isCut);
      }
    expect(perform(cut, plan.undo)).toEqual(before);
  }
});

type Places = ReadonlyMap<string, ReadonlySet<string>>;

/** What the engine makes of connecting and disconnecting. */
function perform(before: Places, script: string): Places {
  const after = new Map([...before].map(([id, networks]) => [id, new Set(networks)]));
  for (const line of script.replaceAll("'", "").split("\n")) {
    const [, verb, network = "", id = ""] = /network (connect|disconnect --force) +(\S+) (\S+)/.exec(line) ?? [];
    if (verb === "connect") after.get(id)?.add(network);
    else if (verb !== undefined) after.get(id)?.delete(network);
  }
  return after;
}
