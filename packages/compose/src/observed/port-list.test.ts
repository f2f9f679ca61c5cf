import { expect, test } from "vitest";
import { formatPorts } from "./port-list.js";

const tcp = (IP: string, PublicPort: number, PrivatePort: number) => ({ IP, PublicPort, PrivatePort, Type: "tcp" });
// As the engine says that a port is exposed and not published.
const exposed = (PrivatePort: number, Type: string) => ({ PrivatePort, Type }) as ReturnType<typeof tcp>;

// Read off `docker ps` of 26.1.
test.each([
  ["exposed ports in any order", [exposed(9003, "udp"), exposed(9001, "udp"), exposed(9002, "udp")], "9001-9003/udp"],
  ["protocols apart", [exposed(53, "udp"), exposed(53, "tcp"), exposed(54, "tcp")], "53-54/tcp, 53/udp"],
  [
    "published under other numbers last",
    [tcp("0.0.0.0", 32768, 80), tcp("0.0.0.0", 7000, 7000), tcp("0.0.0.0", 7001, 7001)],
    "0.0.0.0:7000-7001->7000-7001/tcp, 0.0.0.0:32768->80/tcp",
  ],
  ["an IPv6 address", [tcp("::1", 80, 80)], "[::1]:80->80/tcp"],
  ["a gap", [exposed(1, "tcp"), exposed(3, "tcp")], "1/tcp, 3/tcp"],
])("%s", (_what, ports, text) => {
  expect(formatPorts(ports)).toBe(text);
});
