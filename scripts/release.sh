#!/bin/sh
# Makes a release of this checkout: the npm package, the Debian package of this machine's architecture, and the sums of both.
# Needs dpkg-deb, npm, and node_modules as npm ci makes it.
set -eu

usage() {
  cat >&2 <<'USAGE'
Usage: release.sh DIRECTORY

  Writes httplog-VERSION.tgz, httplog_VERSION-REVISION_ARCHITECTURE.deb and SHA256SUMS to DIRECTORY, which is
  made when it is missing and must be empty else, and prints their paths.

Environment: that of build-deb.sh
USAGE
  exit 1
}

[ $# -eq 1 ] || usage
case $1 in
  -* | '') usage ;;
esac

project=$(dirname "$(dirname "$(readlink -f "$0")")")
mkdir -p "$1"
target=$(readlink -f "$1")
# Sums of a release are of its files alone.
[ -z "$(ls -A "$target")" ] || {
  echo "release.sh: $target is not empty" >&2
  exit 1
}

# The pinned Node, which npm runs the build with.
PATH=$project/node_modules/.bin:$PATH
(cd "$project" && npm pack --loglevel error --pack-destination "$target" >&2)
"$project/scripts/build-deb.sh" "$target" >/dev/null
(cd "$target" && sha256sum ./*.tgz ./*.deb | sed 's|\./||' >SHA256SUMS)
for file in "$target"/*; do
  echo "$file"
done
