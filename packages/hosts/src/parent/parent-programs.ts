/** What a parent needs for stacks beside docker and a POSIX `sh`. */
const programs = ["cat", "dd", "env", "flock", "id", "mkdir", "rm", "sed", "sleep", "stat", "tar"];

/**
 * Shell text that sets `missing` to the programs that a parent lacks for stacks, separated by spaces. A `dd` that knows no
 * `iflag=fullblock` is as good as none: it would read too little from a slow link.
 */
export const findMissingPrograms = `missing=
for program in ${programs.join(" ")}; do command -v "$program" >/dev/null || missing="$missing$program "; done
case $missing in
*dd\\ *) ;;
*) [ "$(printf 12 | dd bs=1 count=1 iflag=fullblock 2>/dev/null)" = 1 ] || missing="\${missing}dd " ;;
esac
missing=\${missing% }`;
