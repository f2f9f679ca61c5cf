import { quoteCommand } from "@otto/errors";

/** What our image is found by, should one be left. */
const imageLabel = "otto.purpose=staging";

/**
 * A shell function `on_tree DIRECTORY ARGUMENT...`. It runs `sh` with the arguments in a directory as the login, and when
 * that fails as root in a container: a container's root may own what lies there. Of the container's file system only that
 * directory can be written to. The programs are the parent's own; the image has no content, and is made and removed here.
 */
export function onTreeFunction(docker: readonly string[]): string {
  const client = quoteCommand(docker);
  return `on_tree() (
(cd "$1" && shift && sh "$@") 2>&1 </dev/null && exit
image=$(dd if=/dev/zero bs=1024 count=1 2>/dev/null | ${client} import --change 'LABEL ${imageLabel}' - 2>/dev/null) || exit
remove_image() { ${client} image rm "$image" >/dev/null 2>&1; }
trap remove_image EXIT
directory=$1
shift
set -- --mount "type=bind,\\"source=$directory\\",\\"target=$directory\\"" --workdir "$directory" --entrypoint /bin/sh "$image" "$@"
for system in /bin /sbin /lib /lib32 /lib64 /usr; do
[ ! -d "$system" ] || set -- --mount "type=bind,source=$system,target=$system,readonly" "$@"
done
${client} run --rm --pull never --network none --user 0:0 --userns host --read-only --cap-drop ALL --cap-add DAC_OVERRIDE \\
--cap-add FOWNER --security-opt no-new-privileges --label '${imageLabel}' "$@" 2>&1 </dev/null
)`;
}
