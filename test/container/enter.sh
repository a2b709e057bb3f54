# Runs a command as an engine does that was told --read-only: on the files of an image, which nobody can write, as a user
# without capabilities, as the first process of a name space of its own.
#
#   enter.sh ROOT WORKDIR UID GID [SOURCE TARGET ro|rw]… -- COMMAND…
#
# The caller has unshared the name spaces of mounts and processes.
set -eu
root=$1 workdir=$2 uid=$3 gid=$4
shift 4

mount --bind "$root" "$root"
while [ "$1" != -- ]; do
  if [ -d "$1" ]; then
    mkdir -p "$root$2"
  else
    mkdir -p "$(dirname "$root$2")"
    touch "$root$2"
  fi
  mount --bind "$1" "$root$2"
  mount -o "remount,bind,$3" "$root$2"
  shift 3
done
shift
mkdir -p "$root/proc"
mount -t proc proc "$root/proc"
mount -o remount,bind,ro "$root"

exec setpriv --no-new-privs --inh-caps=-all --bounding-set=-all,+setuid,+setgid,+sys_chroot,+dac_read_search \
  unshare --root="$root" --wd="$workdir" --setgid="$gid" --setuid="$uid" -- "$@"
