/*
 * Scripts that put what was unpacked in a fresh directory, the stage, into the directory that it lies in: the same file
 * system, so that each name changes in one step. Only what POSIX, GNU and busybox have in common is used. Their
 * arguments are the directory and the name of the stage in it. They exit 4 for a conflict, whose path is on stderr.
 */

const functions = `
stage=$1/$2
# One of a day ago belongs to somebody who was killed.
drop() {
  find "$1" -maxdepth 1 -name '.otto-put-????????????????' -mtime +1 -exec rm -rf {} + 2>/dev/null
   chmod -R u+rwX -- "$stage" 2>/dev/null
  rm -rf -- "$stage"
}
is_directory() { [ -d "$1" ] && [ ! -L "$1" ]; }
is_there() { [ -e "$1" ] || [ -L "$1" ]; }
check() {
  for entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    is_there "$entry" || continue
    set -- "$1" "$2" "$2/\${entry##*/}"
    is_there "$3" || continue
    if is_directory "$entry"; then
      is_directory "$3" || { printf '%s' "$3" >&2; return 4; }
      check "$entry" "$3" || return
    elif is_directory "$3"; then printf '%s' "$3" >&2; return 4
    fi
  done
}
move() {
  for entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    is_there "$entry" || continue
    if is_directory "$entry" && is_directory "$2/\${entry##*/}"; then
      move "$entry" "$2/\${entry##*/}" || return
      continue
    fi
    set -- "$@" "$entry"
    if [ $# -gt 100 ]; then flush "$@" || return; set -- "$1" "$2"; fi
  done
  flush "$@"
}
flush() {
  [ $# -gt 2 ] || return 0
  into=$2/
  shift 2
  mv -f -- "$@" "$into" 2>/dev/null && return
  for left do
    is_there "$left" || continue
    lock=
    # Who is not root cannot move a directory that may not be written to.
    if is_directory "$left" && [ ! -w "$left" ]; then chmod u+w -- "$left"; lock=$into\${left##*/}; fi
    if mv -f -- "$left" "$into"; then [ -z "$lock" ] || chmod u-w -- "$lock"; continue; fi
    into_mount "$left" "$into\${left##*/}" || return
  done
}
into_mount() { [ -f "$1" ] && [ ! -L "$1" ] && [ -f "$2" ] && cat <"$1" >"$2"; }
`;

// From here on it finishes by itself, whatever becomes of us.
const merge = `
trap '' HUP INT TERM PIPE
check "$stage" "$1"
code=$?
if [ $code = 0 ]; then
  # Another copy may have made a directory since: the second time it is merged.
  move "$stage" "$1" || move "$stage" "$1"
  code=$?
fi
drop "$1"
exit $code
`;

/** Puts what is in the stage into place, and removes the stage. */
export const mergeScript = `${functions}${merge}`;

/** Removes the stage. */
export const dropScript = `${functions}drop "$1"`;

/**
 * All of it, with the tar stream as stdin. Its last entry has the stage's own name: an archive that was cut off between
 * two entries looks whole otherwise. GNU's tar reads little at a time unless it is told more.
 */
export const receiveScript = `${functions}
trap 'drop "$1"; exit 3' HUP INT TERM
mkdir -p -- "$1" && mkdir -m 700 -- "$stage" || exit 5
case $(tar --version 2>/dev/null) in
  *GNU*) tar -b 512 --no-same-owner -C "$stage" -xpf - ;;
  *) tar -C "$stage" -xpf - ;;
esac
code=$?
rmdir -- "$stage/$2" 2>/dev/null || code=3
if [ $code != 0 ]; then drop "$1"; exit $code; fi
${merge}`;

/** Prints kind, size and path of each argument after the first, with NUL behind each; the first says what of links. */
export const lookScript = `
follow=$1
shift
for path do
  size=
  if [ "$follow" = no ] && [ -L "$path" ]; then kind=symlink
  elif [ -d "$path" ]; then kind=directory
  elif [ -f "$path" ]; then kind=file size=$(stat -c %s -- "$path" 2>/dev/null)
  elif [ -e "$path" ]; then kind=other
  else kind=none
  fi
  if [ "$follow" = yes ] && [ -L "$path" ]; then
    if real=$(readlink -f -- "$path" && echo x); then path=\${real%?x}
    elif [ $kind = none ]; then kind=symlink
    fi
  fi
  printf '%s\\0%s\\0%s\\0' "$kind" "$size" "$path"
done
`;

/**
 * A tar stream of the first argument: of its contents for a directory, else of the name in the second. It exits 4 when
 * the stream is whole, but files changed while they were read: GNU's tar exits 1 then, others only when they fail.
 */
export const sendScript = `
CDPATH= cd -- "$1" || exit
tar -cf - "./$2"
code=$?
[ $code != 1 ] || case $(tar --version 2>/dev/null) in *GNU*) code=4 ;; esac
exit $code
`;
