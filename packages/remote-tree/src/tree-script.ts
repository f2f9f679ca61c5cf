import { posix } from "node:path";
import { quoteWord } from "@otto/errors";
import { digestOf } from "./entry-digest.js";
import { formatSentTree, isShared, type SentTree } from "./sent-tree.js";
import { groupByDirectory, planRemovals, type TreePlan, type TreeRemoval } from "./tree-plan.js";

/*
 * Scripts that change a staged tree on the parent. They run in the tree, while containers may write to what they have
 * mounted of it: a directory may become a link at any moment. So a script goes to a directory, asks the system where it
 * then is, and works there on names alone. What POSIX, GNU and busybox have in common is used, and `sha256sum`.
 */

/** Where in a staged tree our own files are; nothing of it is mounted. */
export const ownDirectory = ".otto";

/** What comes, before it is in its place. */
export const incomingDirectory = `${ownDirectory}/new`;

/** The script that removes what was sent. It lies in the tree, so that it runs there when nobody is here any more. */
export const downScriptFile = `${ownDirectory}/down.sh`;

const sharedManifest = "shared-manifest";

/** What a script prints of what it kept stands between two of these. */
export const reportMark = "\u001e";

const functions = String.raw`
# Names are bytes; in some languages' settings sed and others stop at one that is no character.
LC_ALL=C
export LC_ALL
newline='
'
is_there() { [ -e "$1" ] || [ -L "$1" ]; }
is_directory() { [ -d "$1" ] && [ ! -L "$1" ]; }
place_of() { at=$(env pwd -P && echo /) && at=${"$"}{at%?/}; }
place_of || exit
root=$at
enter() {
  here=$1
  cd -P "$root${"$"}{1:+/$1}" 2>/dev/null && place_of && [ "$at" = "$root${"$"}{1:+/$1}" ]
}
# Step by step. With "make" it makes what is missing, and sets aside what is no directory; else such a one is a 1.
walk() {
  enter "" || exit 5
  rest=$1/ walked=
  while [ -n "$rest" ]; do
    part=${"$"}{rest%%/*} rest=${"$"}{rest#*/}
    if ! is_directory "./$part"; then
      [ "$2" = make ] || return 1
      ! is_there "./$part" || set_aside "./$part"
      mkdir -m 755 "./$part" || exit
    fi
    walked=${"$"}{walked:+$walked/}$part
    enter "$walked" || { echo "$walked: no way into it" >&2; exit 5; }
  done
}
reach() { enter "$1" || walk "$1" make; }
visit() { enter "$1" || walk "$1" look; }
# Whether no link stands on the way from a directory to a path below it. What a container made may lie in what is kept.
is_straight() {
  way=$1 ahead=$2/
  while [ -n "$ahead" ]; do
    way=$way/${"$"}{ahead%%/*} ahead=${"$"}{ahead#*/}
    [ ! -L "$way" ] || return 1
  done
}
keeper() {
  is_straight "$kept" "$here" || { echo "$here: a link is kept in its place" >&2; exit 5; }
  (umask 022; mkdir -p "$kept/$here") || exit
}
report() { printf '\036%s %s/%s\036' "$1" "$here" "${"$"}{2#./}"; }
set_aside() { keeper; mv -f "$1" "$kept/$here/" || exit; report aside "$1"; }
sums() { sha256sum "$@" 2>/dev/null | sed 's/^\\*\([0-9a-f]*\).*/F\1/'; }
# Whether a sum is one of those, which stand between bars.
matches() {
  case "|$1|" in "|any|" | *"|$2|"*) return 0 ;; esac
  return 1
}
holds() {
  [ "$1" != any ] || return 0
  if [ -L "$2" ]; then sum=$(readlink "$2" | sha256sum) && sum=L$sum || exit
  elif [ -f "$2" ]; then sum=$(sha256sum <"$2") && sum=F$sum || exit
  else return 1
  fi
  matches "$1" "${"$"}{sum%% *}"
}
# Removes those of these files and links that are as they were sent, one word of the first argument for each; the others
# are a container's.
drop() {
  known=$1 expected=
  shift
  for one in $known; do
    name=$1
    shift
    if [ -f "$name" ] && [ ! -L "$name" ]; then
      set -- "$@" "$name"
      expected=${"$"}{expected:+$expected$newline}$one
    elif ! is_there "$name"; then note_gone "$name"
    elif holds "$one" "$name"; then rm -f "$name" || exit
    else note "$name"
    fi
  done
  [ $# = 0 ] || drop_files "$expected" "$@"
}
drop_files() {
  known=$1
  shift
  sums=$(sums "$@")
  if [ "$sums" != "$known" ]; then
    unread=$#
    for sum in $sums; do unread=$((unread - 1)); done
    for one in $known; do
      name=$1 found=${"$"}{sums%%"$newline"*} sums=${"$"}{sums#*"$newline"}
      shift
      # A file that cannot be read has no sum, and which one it is shows only when each is read by itself.
      if [ $unread = 0 ]; then matches "$one" "$found"; else holds "$one" "$name"; fi && set -- "$@" "$name" || note "$name"
    done
  fi
  [ $# = 0 ] || rm -f "$@" || exit
}
note() { :; }
note_gone() { :; }
remove_empty() { rmdir "$@" 2>/dev/null || [ -w . ] || { echo "$here: not writable" >&2; exit 6; }; }
`;

const applyFunctions = `
make() {
  mode=$1
  shift
  mkdir -m "$mode" "$@" 2>/dev/null && return
  for name do
    is_directory "$name" && continue
    ! is_there "$name" || set_aside "$name"
    mkdir -m "$mode" "$name" || exit
  done
}
# What comes replaces what is there by a rename. What is there gets a second name before, and loses it if it was ours.
put() {
  known=$1
  shift
  held=$again
  # An update that was cut has left what it held.
  [ ! -d "$root/kept" ] || held=yes
  [ -z "$known" ] || for name do
    [ -z "$again" ] || is_there "$new/$here/$name" || continue
    is_there "$name" || continue
    if is_directory "$name"; then set_aside "$name"; else hold "$name"; held=yes; fi
  done
  bring "$@"
  [ -z "$known" ] || [ -z "$held" ] || for one in $known; do
    settle "$one" "$1"
    shift
  done
}
hold() {
  keeper
  is_there "$kept/$here/$1" || ln "$1" "$kept/$here/" 2>/dev/null || mv -f "$1" "$kept/$here/" || exit
}
bring() {
  for name do
    shift
    # The second time, what the first one came to is in its place already.
    [ -z "$again" ] || is_there "$new/$here/$name" || continue
    set -- "$@" "$new/$here/$name"
  done
  [ $# = 0 ] || mv -f "$@" ./ || exit
}
settle() {
  for place in "$root"/kept/*; do
    is_straight "$place" "$here" && is_there "$place/$here/$2" || continue
    if holds "$1" "$place/$here/$2"; then rm -f "$place/$here/$2" || exit
    elif [ "$place" = "$kept" ] && ! is_directory "$place/$here/$2"; then report aside "$2"
    fi
  done
}
`;

const downFunctions = `
# Once a stack is down, none of its containers makes a link any more: where there is none, whole paths are safe, and many
# files are one step. Else each is done in its directory.
linked=
check_links() {
  for name do
    [ ! -L "$name" ] || linked=yes
  done
}
enter_parent() {
  parent=\${1#./}
  case $parent in
  */*) visit "\${parent%/*}" ;;
  *) enter "" ;;
  esac
}
sweep() {
  if [ -z "$linked" ]; then
    drop "$@"
    return
  fi
  each=$1
  shift
  for expected in $each; do
    if enter_parent "$1"; then drop "$expected" "./\${1##*/}"; fi
    enter "" || exit 5
    shift
  done
}
sweep_directories() {
  if [ -z "$linked" ] && rmdir "$@" 2>/dev/null; then return; fi
  for path do
    is_there "$path" || continue
    if enter_parent "$path"; then remove_empty "./\${path##*/}"; fi
    enter "" || exit 5
  done
}
`;

/**
 * The script that does what a plan says. It may be run once more when it broke off.
 * @param stamp names the directory in `kept` for what a container wrote in the place of what comes
 */
export function formatApplyScript(plan: TreePlan, stamp: string): string {
  return script([
    "set -e",
    "umask 077",
    `if [ -e ${incomingDirectory}/begun ]; then again=yes; else again=; : >${incomingDirectory}/begun; fi`,
    functions,
    applyFunctions,
    `kept=$root/kept/${stamp} new=$root/${incomingDirectory}/tree`,
    `[ -n "$again" ] || mv -f ${incomingDirectory}/pending/* ${ownDirectory}/`,
    `rm -f ${ownDirectory}/down`,
    ...formatRemovals(plan.remove),
    ...formatMaking(plan),
    ...formatSent(plan),
    'enter ""',
    removeEmptyKept,
    `mv -f ${incomingDirectory}/wanted/* ${ownDirectory}/`,
    `rm -rf ${incomingDirectory}`,
  ]);
}

/** Directories that nothing is kept in. */
const removeEmptyKept = "[ ! -d kept ] || find kept -depth -type d -exec rmdir {} \\; 2>/dev/null || :";

/** Files in `.otto` that say what was sent, by name. */
export function formatRecords(sent: SentTree): Readonly<Record<string, string>> {
  const stays = Object.entries(sent.entries).filter(([path]) => isShared(path, sent.shared));
  return {
    manifest: formatSentTree(sent),
    [sharedManifest]: formatSentTree({ ...sent, entries: Object.fromEntries(stays) }),
    "down.sh": formatDownScript(sent),
  };
}

/**
 * The script that removes what was sent: first what no container writes, secrets among it. What containers wrote stays,
 * and is reported; with the argument `volumes` all goes.
 */
function formatDownScript(sent: SentTree): string {
  const removals = planRemovals(sent);
  const own = removals.filter(({ known }) => known === undefined);
  return script([
    "umask 077",
    "mode=$1",
    functions,
    downFunctions,
    // A removal that was cut has not noted all of what it removed.
    `[ -e ${ownDirectory}/down ] || first=yes`,
    `: >>${ownDirectory}/down || exit`,
    `note() { path=$here/\${1#./}; printf '%s\\0' "\${path#/}" >>"$root/${ownDirectory}/down"; }`,
    '[ -z "$first" ] || note_gone() { note "$1"; }',
    `rm -rf ${["new", "labels.json", "digests", "owned"].map((name) => `${ownDirectory}/${name}`).join(" ")} || exit`,
    ...formatPlainRemovals(own),
    'if [ "$mode" = volumes ]; then',
    `find . -mindepth 1 -maxdepth 1 ! -name ${ownDirectory} -exec rm -rf {} + || exit`,
    `rm -rf ${ownDirectory} || exit`,
    "exit",
    "fi",
    ...formatSweep(removals),
    // Digests of secrets do not stay either.
    `[ ! -e ${ownDirectory}/${sharedManifest} ] || mv -f ${ownDirectory}/${sharedManifest} ${ownDirectory}/manifest || exit`,
    removeEmptyKept,
    `some=$(find . -path ./${ownDirectory} -prune -o ! -name . -print 2>/dev/null | head -n 1)`,
    `if [ -z "$some" ] && [ ! -s ${ownDirectory}/down ]; then rm -rf ${ownDirectory}; exit; fi`,
    `marks=$(find . -path ./${ownDirectory} -prune -o ! -type d -exec printf '%.0sx' {} + 2>/dev/null)`,
    `printf '\\036stays %s\\036' "\${#marks}"`,
  ]);
}

function script(lines: readonly string[]): string {
  return `${lines.join("\n")}\n`;
}

function formatRemovals(removals: readonly TreeRemoval[]): string[] {
  const own = removals.filter(({ isDirectory, known }) => !isDirectory && known === undefined);
  const others = removals.filter(({ isDirectory, known }) => isDirectory || known !== undefined);
  const groups = [...groupByDirectory(others)].sort(([a], [b]) => (a < b ? 1 : -1));
  return [
    ...formatPlainRemovals(own),
    ...groups.flatMap(([directory, entries]) => [
      `if visit ${quoteWord(directory)}; then`,
      ...inBatches(entries.filter(({ isDirectory }) => !isDirectory)).map(
        (batch) => `drop ${quoteWord(batch.map(formatKnown).join("\n"))} ${formatNames(batch)}`,
      ),
      ...inBatches(entries.filter(({ isDirectory }) => isDirectory)).map(
        (batch) => `remove_empty ${formatNames(batch)}`,
      ),
      "fi",
    ]),
  ];
}

function formatSweep(removals: readonly TreeRemoval[]): string[] {
  const files = removals.filter(({ isDirectory, known }) => !isDirectory && known !== undefined);
  const directories = removals.filter(({ isDirectory }) => isDirectory);
  const onTheWay = [...new Set([...files, ...directories].flatMap(({ path }) => parentsOf(path)))];
  return [
    ...inBatches(onTheWay).map((batch) => `check_links ${batch.map(quoteWord).join(" ")}`),
    ...inBatches(files).map((batch) => `sweep ${quoteWord(batch.map(formatKnown).join("\n"))} ${formatPaths(batch)}`),
    ...inBatches(directories).map((batch) => `sweep_directories ${formatPaths(batch)}`),
  ];
}

function parentsOf(path: string): string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, index) => `./${parts.slice(0, index + 1).join("/")}`);
}

function formatPaths(entries: readonly { readonly path: string }[]): string {
  return entries.map(({ path }) => quoteWord(`./${path}`)).join(" ");
}

/** Of files where no container writes: no link can stand on the way. */
function formatPlainRemovals(removals: readonly TreeRemoval[]): string[] {
  const files = removals.filter(({ isDirectory, known }) => !isDirectory && known === undefined);
  return inBatches(files).map((batch) => `rm -f ${batch.map(({ path }) => quoteWord(`./${path}`)).join(" ")} || exit`);
}

function formatMaking({ make }: TreePlan): string[] {
  const groups = [...groupByDirectory(make)].sort(([a], [b]) => (a < b ? -1 : 1));
  return groups.flatMap(([directory, entries]) => [
    `reach ${quoteWord(directory)}`,
    ...[...new Set(entries.map(({ mode }) => mode))].flatMap((mode) =>
      inBatches(entries.filter((one) => one.mode === mode)).map(
        (batch) => `make ${mode.toString(8)} ${formatNames(batch)}`,
      ),
    ),
    ...entries.flatMap(({ path, mode, isOther }) =>
      isOther ? [`reach ${quoteWord(path)}`, `chmod ${mode.toString(8)} .`] : [],
    ),
  ]);
}

function formatSent({ send }: TreePlan): string[] {
  return [...groupByDirectory(send)].flatMap(([directory, entries]) => {
    const shared = entries.filter(({ known }) => known !== undefined);
    const own = entries.filter(({ known }) => known === undefined);
    return [
      `reach ${quoteWord(directory)}`,
      ...inBatches(shared).map((batch) => `put ${quoteWord(batch.map(formatKnown).join("\n"))} ${formatNames(batch)}`),
      ...inBatches(own).map((batch) => `put '' ${formatNames(batch)}`),
    ];
  });
}

const entriesAtOnce = 200;

function inBatches<T>(entries: readonly T[]): T[][] {
  const count = Math.ceil(entries.length / entriesAtOnce);
  return Array.from({ length: count }, (_, n) => entries.slice(n * entriesAtOnce, (n + 1) * entriesAtOnce));
}

function formatNames(entries: readonly { readonly path: string }[]): string {
  return entries.map(({ path }) => quoteWord(`./${posix.basename(path)}`)).join(" ");
}

/** What `holds` compares. */
function formatKnown({ known = [] }: { readonly known: readonly string[] | undefined }): string {
  // A version before kept no digest of what an update was cut in.
  const words = known.map((text) => (text === "file ?" ? "any" : digestOf(text))).filter((word) => word !== undefined);
  return words.includes("any") ? "any" : [...new Set(words)].join("|") || "none";
}
