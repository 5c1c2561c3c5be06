#!/bin/sh
# Builds a Debian package that brings all httplog needs but the C library: its own Node, too. Needs dpkg-deb,
# and node_modules of this checkout as npm ci makes it.
set -eu

usage() {
  cat >&2 <<'USAGE'
Usage: build-deb.sh [DIRECTORY]

  Writes httplog_VERSION-REVISION_ARCHITECTURE.deb to DIRECTORY (default: the working directory) and
  prints its path.

Environment:
  DEB_REVISION     revision of the package (1)
  DEB_COMPRESSION  how dpkg-deb packs it: xz, gzip, zstd or none (xz)
USAGE
  exit 1
}

[ $# -le 1 ] || usage
case ${1:-} in
  -*) usage ;;
esac

project=$(dirname "$(dirname "$(readlink -f "$0")")")
target=$(readlink -f "${1:-.}")
[ -d "$target" ] || usage

architecture=$(dpkg --print-architecture)
case $architecture in
  amd64) cpu='x64' ;;
  arm64) cpu='arm64' ;;
  *)
    echo "build-deb.sh: there is no pinned Node for $architecture" >&2
    exit 1
    ;;
esac
runtime=node-linux-$cpu
node=$project/node_modules/$runtime/bin/node
[ -x "$node" ] || {
  echo "build-deb.sh: $node is not there; run npm ci" >&2
  exit 1
}

read_manifest() {
  "$node" -p "require('$project/package.json').$1"
}
version=$(read_manifest version)-${DEB_REVISION:-1}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$project" log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH

umask 022
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
home=$root/usr/lib/httplog
documents=$root/usr/share/doc/httplog
separator=$(printf '%80s' '' | tr ' ' -)

copy_program() {
  mkdir -p "$home/conf" "$home/scripts" "$home/node_modules/$runtime/bin"
  # Not npm run build: that replaces dist, which may be in use.
  "$node" "$project/scripts/build.ts" "$home/dist" >&2
  cp -R "$project/bin" "$project/package.json" "$home"
  cp "$project/conf/demo.pcap" "$project/conf/httplog.conf" "$home/conf"
  cp "$project/scripts/start_httplog.sh" "$home/scripts"
}

# What runs of the two packages that are no part of dist: of Node the program, of koffi what dist loads of it. Neither
# its sources, nor its builds for other machines. Their licenses are in the package's own file.
copy_modules() {
  native=@koromix/koffi-linux-$cpu
  for file in "$runtime/package.json" "$runtime/bin/node" \
    koffi/package.json koffi/index.cjs koffi/src/koffi/index.cjs koffi/src/koffi/src/static.cjs \
    "$native/package.json" "$native/index.js" "$native/linux_$cpu/koffi.node"; do
    mkdir -p "$home/node_modules/$(dirname "$file")"
    cp "$project/node_modules/$file" "$home/node_modules/$file"
  done
}

# Everything that is in the package, each with its license.
write_copyright() {
  cat "$project/LICENSE"
  for module in "$runtime" koffi; do
    printf '\n%s\n\n%s\n\n' "$separator" "$module $(
      "$node" -p "require('$project/node_modules/$module/package.json').version"
    )"
    cat "$project/node_modules/$module"/LICENSE*
  done
  printf '\n%s\n\n' "$separator"
  cat "$home/dist/THIRD-PARTY-LICENSES"
}

copy_system_files() {
  mkdir -p "$root/usr/bin" "$root/etc/sysconfig" "$root/usr/lib/systemd/system" \
    "$root/usr/share/man/man8" "$root/usr/share/bash-completion/completions" \
    "$root/usr/share/zsh/vendor-completions" "$root/etc/lnav/formats/httplog" "$documents/examples"
  ln -s ../lib/httplog/bin/httplog "$root/usr/bin/httplog"
  cp "$project/conf/httplog.conf" "$root/etc/sysconfig/httplog"
  cp "$project/conf/httplog.service" "$root/usr/lib/systemd/system"
  gzip -9n <"$project/conf/httplog.8" >"$root/usr/share/man/man8/httplog.8.gz"
  cp "$project/conf/completions/httplog.bash" "$root/usr/share/bash-completion/completions/httplog"
  cp "$project/conf/completions/_httplog" "$root/usr/share/zsh/vendor-completions"
  cp "$project/conf/lnav/httplog.json" "$root/etc/lnav/formats/httplog"
  cp "$project/README.md" "$project/SECURITY.md" "$documents"
  cp -R "$project/docs" "$documents"
  write_copyright >"$documents/copyright"
  gzip -9n <"$project/CHANGELOG.md" >"$documents/changelog.gz"
  if [ -f "$project/conf/httplog.logrotate" ]; then
    cp "$project/conf/httplog.logrotate" "$documents/examples"
  fi
}

write_control() {
  mkdir -p "$root/DEBIAN"
  printf '%s\n' /etc/sysconfig/httplog /etc/lnav/formats/httplog/httplog.json >"$root/DEBIAN/conffiles"
  cat >"$root/DEBIAN/control" <<CONTROL
Package: httplog
Version: $version
Architecture: $architecture
Maintainer: The httplog project <httplog@localhost>
Installed-Size: $(du -k -s --apparent-size "$root" | cut -f 1)
Depends: libc6 (>= 2.28), libstdc++6 (>= 8), libgcc-s1, passwd
Recommends: libpcap0.8
Section: net
Priority: optional
Description: writes down the HTTP messages that a network card sees
 A daemon that sniffs an interface and appends a line for each HTTP/1.x
 message that passes, or for each request with its response. It brings the
 Node that it runs on.
CONTROL
  write_script postinst <<'POSTINST'
#!/bin/sh
set -e
# True for a directory of root's that nobody else may write: nothing in it changes while it is looked at.
is_roots() {
  [ -d "$1" ] && [ ! -L "$1" ] && [ -z "$(find "$1" -maxdepth 0 \( ! -user root -o -perm /022 \))" ]
}
# Logs of a daemon that ran as root, from a checkout: the service goes on with them as httplog, who could not
# write them else. A file that has a second name elsewhere stays root's, and each directory is given away last.
give_to_httplog() {
  for entry in "$1"/*; do
    if is_roots "$entry"; then
      give_to_httplog "$entry"
    fi
  done
  find "$1" -maxdepth 1 -type f -user root -links 1 -exec chown -h httplog: {} +
  chown -h httplog: "$1"
}
take_over() {
  if [ "$(stat -c %U "$1")" = httplog ]; then
    return
  fi
  if is_roots / && is_roots "$(dirname "$1")" && is_roots "$1"; then
    echo "httplog: $1 is root's, from a start without this package: it is given to the user httplog" >&2
    give_to_httplog "$1"
  elif ! is_roots "$(dirname "$1")" || [ -L "$1" ]; then
    warn_of_others "$1"
  else
    echo "httplog: $1 is not the user httplog's, who may not write there: chown -R httplog: $1" >&2
  fi
}
# Root makes and gives away nothing there: another user could have it be something else.
warn_of_others() {
  echo "httplog: $1 is left alone: it is a link, or others than root may write $(dirname "$1");" \
    "name another directory in /etc/sysconfig/httplog, which the user httplog may write" >&2
}
if [ "$1" = configure ]; then
  if ! getent passwd httplog >/dev/null; then
    group=--user-group
    if getent group httplog >/dev/null; then
      group=--gid=httplog
    fi
    useradd --system "$group" --no-create-home --home-dir /nonexistent \
      --shell /usr/sbin/nologin httplog
  fi
  if [ ! -d /log/httplog ]; then
    mkdir -p /log
    if is_roots / && is_roots /log && [ ! -L /log/httplog ]; then
      install -d -o httplog -g "$(id -gn httplog)" -m 0750 /log/httplog
    else
      warn_of_others /log/httplog
    fi
  else
    take_over /log/httplog
  fi
  if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    # A first installation captures nothing until it is told to: systemctl enable --now httplog.
    # One that cannot start with its settings any more says so itself, and is installed all the same.
    [ -z "$2" ] || systemctl try-restart httplog.service || :
  fi
fi
POSTINST
  write_script prerm <<'PRERM'
#!/bin/sh
set -e
if [ "$1" = remove ]; then
  if [ -d /run/systemd/system ]; then
    systemctl disable --now httplog.service
  fi
  /usr/lib/httplog/scripts/start_httplog.sh stop >/dev/null 2>&1 || :
  # Compiled code that a run as root has kept.
  rm -rf /usr/lib/httplog/node_modules/.cache
fi
PRERM
  write_script postrm <<'POSTRM'
#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
fi
if [ "$1" = purge ]; then
  # Logs are the operator's. While there are some their owner stays, or the next user made would be it.
  rmdir /log/httplog 2>/dev/null || :
  if [ -e /log/httplog ]; then
    echo "httplog: /log/httplog and the user httplog are kept: there are logs" >&2
  elif getent passwd httplog >/dev/null; then
    userdel httplog ||
      echo "httplog: the user httplog is kept: userdel httplog when nothing of it runs" >&2
  fi
fi
POSTRM
}

# A maintainer script of that name, from standard input.
write_script() {
  cat >"$root/DEBIAN/$1"
  chmod 0755 "$root/DEBIAN/$1"
}

copy_program
copy_modules
copy_system_files
write_control
chmod -R u=rwX,go=rX "$root"
package=$target/httplog_${version}_$architecture.deb
dpkg-deb --root-owner-group "-Z${DEB_COMPRESSION:-xz}" --build "$root" "$package" >&2
echo "$package"
