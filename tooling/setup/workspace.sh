#!/usr/bin/env bash
# Installs the pinned pnpm and the dependencies, and builds every package.
set -euo pipefail
cd "$(dirname "$0")/../.."

say() { printf 'workspace: %s\n' "$*"; }

node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' 2>/dev/null || {
  echo "workspace: Node 20.19 or newer is needed; this is $(node --version 2>/dev/null || echo 'a machine without node')" >&2
  exit 1
}

pin=$(node -p 'require("./package.json").packageManager.split("@")[1]')
if [ "$(pnpm --version 2>/dev/null)" != "$pin" ]; then
  say "installing pnpm $pin"
  npm install --global --silent "pnpm@$pin"
fi

export TURBO_TELEMETRY_DISABLED=1 DO_NOT_TRACK=1
say "installing dependencies"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
pnpm install --frozen-lockfile --reporter=append-only >"$log" 2>&1 || {
  cat "$log" >&2
  exit 1
}
say "building"
pnpm exec turbo run build --output-logs=errors-only
