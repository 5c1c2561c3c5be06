#!/bin/sh
# Runs httplog as a daemon. Called without a command it prints how it is used.
set -u

callers_path=${PATH-}
PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin
unset -f readlink dirname
root=$(dirname "$(dirname "$(readlink -f "$0")")")
. "$root/bin/root-environment.sh"

program=$root/bin/httplog
own_uid=$(id -u)
# Of a group that may write as the caller may: for root there is none.
own_gid=
[ "$own_uid" -eq 0 ] || own_gid=$(id -g)
start_seconds=15
stop_seconds=${HTTPLOG_STOP_SECONDS:-30}
kill_seconds=5
default_user='httplog'
# Messages of earlier runs are kept up to this size, then once more under another name.
service_file_bytes_max=1048576
shown_bytes_max=65536

# A failed start ends with the daemon's own exit code.
EXIT_USAGE=1
EXIT_NOT_RUNNING_TO_STOP=2
EXIT_NOT_RUNNING=3
EXIT_ALREADY_RUNNING=4

usage() {
  cat >&2 <<'USAGE'
Usage: start_httplog.sh {start|restart|force-reload} [OPTION...]
       start_httplog.sh {stop|status}

  start         start httplog in the background; OPTIONs are those of "httplog run"
  stop          end it when all that was captured is written
  status        tell whether it runs, since when, and where it writes
  restart       stop if it runs, then start; nothing is stopped for a wrong configuration
  force-reload  the same

Configuration: /etc/sysconfig/httplog, else ./httplog.conf of the working directory, as httplog
itself reads them. A restart has the OPTIONs of its own call only. Directories of -d and --service-log
are created when they are missing, for the user that httplog becomes. What httplog says about itself
goes beside the pid file, to /run/httplog.out by default; --service-log DIR keeps it in daily files.

As root nothing but HTTPLOG_*, the time zone, the language and what systemd says is taken from the
environment, and the PATH is the system's own.

Environment:
  HTTPLOG_PIDFILE       pid file (/run/httplog.pid; for others than root httplog.pid in
                        XDG_RUNTIME_DIR, else in HOME), in a directory that nobody else may write
  HTTPLOG_STOP_SECONDS  seconds after which a stop kills what has not ended by itself (30)

Exit codes: 0 done, 1 usage or failed, 2 stop: does not run, 3 status: does not run,
4 start: runs already; a start that fails: the code of httplog.
USAGE
  exit $EXIT_USAGE
}

say() { printf 'httplog %s\n' "$*"; }
complain() { say "$@" >&2; }

find_pid_file() {
  if [ -n "${HTTPLOG_PIDFILE:-}" ]; then
    echo "$HTTPLOG_PIDFILE"
  elif [ "$own_uid" -eq 0 ]; then
    echo /run/httplog.pid
  else
    echo "${XDG_RUNTIME_DIR:-$HOME}/httplog.pid"
  fi
}

# Sets private_path to where a directory is, without links, when only root and the caller can change what it
# holds and what is on the way, links included: there, what was looked at is the same when it is used. Others may
# write a directory above it that is sticky, where they cannot take away what is not theirs; with "sticky" this
# one, too, for what is made there anew.
is_private() {
  private_path=$(cd -P -- "$1" 2>/dev/null && pwd -P) || return 1
  path=${1%"${1##*[!/]}"}
  case $path in
    /*) ;;
    *) path=$(pwd -P)/$path ;;
  esac
  sticky=${2:+01000}
  while :; do
    read -r owner group mode <<STAT
$(stat -c '%u %g %a' -- "${path:-/}")
STAT
    case $owner in
      0 | "$own_uid") ;;
      *) return 1 ;;
    esac
    open=$((0$mode & 022))
    [ "$group" != "$own_gid" ] || open=$((open & 02))
    if [ -L "$path" ]; then
      (is_private "$(target_of "$path")" "$sticky") || return 1
    elif [ $open -ne 0 ] && [ $((0$mode & ${sticky:-0})) -eq 0 ]; then
      return 1
    fi
    [ "${path:-/}" != / ] || return 0
    path=$(dirname -- "$path")
    sticky=01000
  done
}

target_of() {
  target=$(readlink -- "$1")
  case $target in
    /*) echo "$target" ;;
    *) echo "$(dirname -- "$1")/$target" ;;
  esac
}

# Of root or the caller, and no link: what a start as root has made, or will.
is_own_file() {
  [ ! -L "$1" ] && [ -f "$1" ] || return 1
  owner=$(stat -c %u -- "$1")
  [ "$owner" = 0 ] || [ "$owner" = "$own_uid" ]
}

name_files() {
  pid_file=$1
  place=$(dirname -- "$pid_file")
  service_file=${pid_file%.pid}.out
  lock_file=${pid_file%.pid}.lock
}

# Nothing is read, written or killed through files that another user may have put there.
check_files() {
  [ -d "$place" ] || return 0
  if ! is_private "$place"; then
    complain "does not trust its pid file $pid_file: others may write its directory, or one above it;" \
      "name another one in HTTPLOG_PIDFILE"
    exit $EXIT_USAGE
  fi
  name_files "$private_path/$(basename -- "$pid_file")"
  for file in "$pid_file" "$service_file" "$service_file.1" "$lock_file"; do
    if [ -e "$file" ] || [ -L "$file" ]; then
      is_own_file "$file" || {
        complain "does not use $file: it is a link, no file, or another user's"
        exit $EXIT_USAGE
      }
    fi
  done
}

# In some containers nobody collects dead children: a zombie has ended, too.
is_alive() {
  process_stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  case ${process_stat##*) } in
    [ZX]*) return 1 ;;
  esac
}

# The number alone proves nothing: after a crash or a reboot it may be any other process's.
is_daemon() {
  is_alive "$1" || return 1
  # Behind "node" and its options: the program, and the command.
  case $({ tr '\0\n' '\n ' <"/proc/$1/cmdline" | sed -n '2,${/^-/!{p;n;p;q;};}'; } 2>/dev/null) in
    */cli/httplog.[jt]s"
run" | */bin/httplog"
run") return 0 ;;
  esac
  return 1
}

# When the process was started that is_alive has just seen, in ticks of the kernel.
start_ticks() {
  printf '%s\n' "${process_stat##*) }" | cut -d ' ' -f 20
}

# Who got the number of one that has crashed, and looks like one, is not it: a start leaves in the lock file, which
# is its maker's alone, who it has started, and when. Earlier versions have left nothing there.
is_started_one() {
  [ -r "$lock_file" ] && [ -s "$lock_file" ] || return 0
  read -r started <"$lock_file" || return 0
  [ "$started" = "$1 $(start_ticks)" ]
}

# Sets pid to the running daemon's, or fails.
find_daemon() {
  pid=
  [ ! -r "$pid_file" ] || read -r pid <"$pid_file" || :
  case $pid in
    '' | *[!0-9]*) return 1 ;;
  esac
  is_daemon "$pid" && is_started_one "$pid"
}

# Prints what "httplog status" knows of one that was started otherwise; who names a pid file asks for that one.
find_other_daemon() {
  [ -z "${HTTPLOG_PIDFILE:-}" ] && other=$("$program" status 2>/dev/null) && echo "$other"
}

# One start or stop at a time, or two daemons could write every line twice. Nobody else can hold this lock.
lock() {
  if ! (umask 077 && : >>"$lock_file") 2>/dev/null; then
    complain "cannot write its pid file $pid_file: name another one in HTTPLOG_PIDFILE"
    exit $EXIT_USAGE
  fi
  exec 9<"$lock_file"
  flock -w $((stop_seconds + start_seconds)) 9 || {
    complain "is being started or stopped by another start_httplog.sh"
    exit $EXIT_USAGE
  }
}

# Asks httplog itself, so that this script needs no opinion about options and files.
read_configuration() {
  configuration=$("$program" check-config "$@") || exit
  directory=$(effective_value -d)
  output=$(effective_value -o)
  service_log=$(effective_value --service-log)
  quiet=$(effective_value --quiet)
  user=$(effective_value --user)
  user=${user:-$default_user}
  if [ "$output" = - ]; then
    complain "cannot write to standard output (-o -) as a daemon: leave it out, or name a file"
    exit $EXIT_USAGE
  fi
}

# The second column of check-config; nothing where it has "(what holds while it is not set)".
effective_value() {
  printf '%s\n' "$configuration" | LC_ALL=C sed -n "s/^$1   *\(.*[^ ]\)   *[^ ].*\$/\1/p" |
    grep -v '^('
}

# For the user that httplog becomes, who could do nothing with one of root's.
create_directory() {
  [ ! -e "$1" ] && [ ! -L "$1" ] || return 0
  # Where this fails, httplog has the better words for it.
  make_directory "$1" 0750 || return 0
  if [ "$own_uid" -eq 0 ] && id -u -- "$user" >/dev/null 2>&1; then
    chown -h -- "$user:" "$made_path"
  fi
  say "created $1"
}

# Step by step, each where only root or the caller could have put something else in its place.
make_directory() {
  [ ! -d "$1" ] || return 0
  make_directory "$(dirname -- "$1")" 0755 && is_private "$(dirname -- "$1")" sticky || return 1
  made_path=${private_path%/}/$(basename -- "$1")
  mkdir -m "$2" -- "$made_path" 2>/dev/null
}

# Usually it says so. Quiet, or with a service log, it does not say it here: then the kernel knows.
is_capturing() {
  if [ "$quiet" != true ] && [ -z "$service_log" ]; then
    new_messages | grep -q 'Capturing on '
    return
  fi
  readlink "/proc/$pid/fd"/* 2>/dev/null |
    grep -qxF "$(awk '$6 == 1 { print "socket:[" $9 "]" }' /proc/net/packet)"
}

remember_messages() {
  service_file_bytes=$(wc -c <"$service_file")
}

# They are the daemon's, who is another user: none of its bytes plays with the caller's terminal.
new_messages() {
  tail -c "+$((service_file_bytes + 1))" "$service_file" | head -c "$shown_bytes_max" | show
}

# C1, which is two bytes of UTF-8 each, too.
show() {
  LC_ALL=C tr -d '\000-\010\013-\037\177' |
    LC_ALL=C sed "s/$(printf '\302')[$(printf '\200')-$(printf '\237')]//g"
}

start() {
  if ! (umask 022 && : >"$pid_file") 2>/dev/null; then
    complain "cannot write its pid file $pid_file: name another one in HTTPLOG_PIDFILE"
    exit $EXIT_USAGE
  fi
  [ -n "$output" ] || create_directory "$directory"
  [ -z "$service_log" ] || create_directory "$service_log"
  : >>"$service_file"
  remember_messages
  if [ "$service_file_bytes" -gt $service_file_bytes_max ]; then
    mv -f -- "$service_file" "$service_file.1"
    : >>"$service_file"
    remember_messages
  fi
  # A session of its own: the end of the terminal is not its end.
  setsid "$program" run "$@" </dev/null >>"$service_file" 2>&1 9<&- &
  pid=$!
  echo "$pid" >"$pid_file"
  ! is_alive "$pid" || echo "$pid $(start_ticks)" >"$lock_file"
  tries=$((start_seconds * 10))
  until is_capturing; do
    if ! is_alive "$pid"; then
      wait "$pid"
      exit_code=$?
      new_messages >&2
      rm -f "$pid_file"
      complain "has ended at its start (exit code $exit_code)"
      exit $exit_code
    fi
    tries=$((tries - 1))
    if [ $tries -eq 0 ]; then
      complain "runs (pid $pid), but does not capture after $start_seconds s: see $service_file"
      return
    fi
    sleep 0.1
  done
  new_messages
  say "started (pid $pid)"
}

stop() {
  # A daemon of an earlier version has its messages elsewhere.
  : >>"$service_file"
  remember_messages
  kill -TERM "$pid" || exit
  tries=$((stop_seconds * 10))
  while is_alive "$pid"; do
    if [ $tries -eq 0 ]; then
      complain "has not ended after $stop_seconds s and is killed: lines that wait are lost"
      kill -KILL "$pid"
    elif [ $tries -eq -$((kill_seconds * 10)) ]; then
      complain "cannot be killed (pid $pid): the kernel holds it"
      exit $EXIT_USAGE
    fi
    tries=$((tries - 1))
    sleep 0.1
  done
  new_messages
  rm -f "$pid_file"
  say "stopped (pid $pid)"
}

status() {
  memory=$(awk '$1 == "VmRSS:" { printf "%.0f MB", $2 / 1024 }' "/proc/$pid/status")
  say "runs (pid $pid) for $(describe_age), memory $memory"
  if [ -r "$service_file" ]; then
    grep -E '(Capturing|Stopping) on ' "$service_file" | tail -n 1 | grep 'Capturing on ' | show
  fi
  readlink "/proc/$pid/fd"/* 2>/dev/null | show | grep '^/' | grep -v '^/dev/' | sort -u |
    sed 's/^/writes /'
}

# Since its start, by the kernel's clock, which nobody sets: 1d 02:03:04.
describe_age() {
  printf '%s\n' "${process_stat##*) }" | awk -v ticks_per_second="$(getconf CLK_TCK)" '{
    getline uptime < "/proc/uptime"
    age = uptime - $20 / ticks_per_second
    printf "%dd %02d:%02d:%02d", age / 86400, age / 3600 % 24, age / 60 % 60, age % 60
  }'
}

[ $# -gt 0 ] || usage
command=$1
shift
name_files "$(find_pid_file)"
umask 027
case $stop_seconds in
  *[!0-9]*) usage ;;
esac

case $command in
  start | restart | force-reload | stop | status) check_files ;;
esac

case $command in
  start)
    lock
    if find_daemon; then
      complain "runs already (pid $pid)"
      exit $EXIT_ALREADY_RUNNING
    fi
    read_configuration "$@"
    start "$@"
    ;;
  restart | force-reload)
    lock
    read_configuration "$@"
    ! find_daemon || stop
    start "$@"
    ;;
  stop)
    [ $# -eq 0 ] || usage
    [ ! -d "$place" ] || lock
    if ! find_daemon; then
      rm -f "$pid_file"
      if find_other_daemon >/dev/null; then
        complain "runs, but this script has not started it: see httplog status"
      else
        complain "does not run (pid file $pid_file)"
      fi
      exit $EXIT_NOT_RUNNING_TO_STOP
    fi
    stop
    ;;
  status)
    [ $# -eq 0 ] || usage
    if ! find_daemon; then
      ! find_other_daemon || exit 0
      complain "does not run (pid file $pid_file)"
      exit $EXIT_NOT_RUNNING
    fi
    status
    ;;
  *) usage ;;
esac
