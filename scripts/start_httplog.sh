#!/bin/sh
# Runs httplog as a daemon. Called without a command it prints how it is used.
set -u

program=$(dirname "$(dirname "$(readlink -f "$0")")")/bin/httplog
start_seconds=15
stop_seconds=${HTTPLOG_STOP_SECONDS:-30}
kill_seconds=5

# As the ancestor of this script did; a failed start ends with the daemon's own exit code.
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
itself reads them. A restart has the OPTIONs of its own call only. The log directory is created
when it is missing. What httplog says about itself goes to httplog-service.out in the log directory
(with --service-log in that directory; with -o, or where it cannot be written, beside the pid file).

Environment:
  HTTPLOG_PIDFILE       pid file (/run/httplog.pid; for others than root httplog.pid in
                        XDG_RUNTIME_DIR, else in HOME)
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
  elif [ "$(id -u)" -eq 0 ]; then
    echo /run/httplog.pid
  else
    echo "${XDG_RUNTIME_DIR:-$HOME}/httplog.pid"
  fi
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

# Sets pid to the running daemon's, or fails.
find_daemon() {
  pid=
  [ ! -r "$pid_file" ] || read -r pid <"$pid_file" || :
  case $pid in
    '' | *[!0-9]*) return 1 ;;
  esac
  is_daemon "$pid"
}

# One start or stop at a time, or two daemons could write every line twice.
lock() {
  exec 9<"$program"
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

create_directory() {
  [ ! -e "$1" ] || return 0
  # Where this fails, httplog has the better words for it.
  if (umask 022 && mkdir -p "$(dirname "$1")") 2>/dev/null && mkdir -m 0750 "$1" 2>/dev/null; then
    say "created $1"
  fi
}

choose_service_file() {
  service_directory=$service_log
  [ -n "$service_log" ] || [ -n "$output" ] || service_directory=$directory
  service_file=$service_directory/httplog-service.out
  if [ -z "$service_directory" ] || ! (: >>"$service_file") 2>/dev/null; then
    service_file=${pid_file%.pid}.out
    : >>"$service_file"
  fi
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

new_messages() {
  tail -c "+$((service_file_bytes + 1))" "$service_file"
}

start() {
  if ! (umask 022 && : >"$pid_file") 2>/dev/null; then
    complain "cannot write its pid file $pid_file: name another one in HTTPLOG_PIDFILE"
    exit $EXIT_USAGE
  fi
  [ -n "$output" ] || create_directory "$directory"
  [ -z "$service_log" ] || create_directory "$service_log"
  choose_service_file
  remember_messages
  # A session of its own: the end of the terminal is not its end.
  setsid "$program" run "$@" </dev/null >>"$service_file" 2>&1 9<&- &
  pid=$!
  echo "$pid" >"$pid_file"
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
  service_file=$(readlink "/proc/$pid/fd/2") && [ -f "$service_file" ] || service_file=/dev/null
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
  service_file=$(readlink "/proc/$pid/fd/2" 2>/dev/null) || return 0
  if [ -f "$service_file" ]; then
    grep -E '(Capturing|Stopping) on ' "$service_file" | tail -n 1 | grep 'Capturing on '
  fi
  readlink "/proc/$pid/fd"/* | grep '^/' | grep -v '^/dev/' | sort -u | sed 's/^/writes /'
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
pid_file=$(find_pid_file)
umask 027
case $stop_seconds in
  *[!0-9]*) usage ;;
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
    lock
    if ! find_daemon; then
      rm -f "$pid_file"
      complain "does not run (pid file $pid_file)"
      exit $EXIT_NOT_RUNNING_TO_STOP
    fi
    stop
    ;;
  status)
    [ $# -eq 0 ] || usage
    if ! find_daemon; then
      complain "does not run (pid file $pid_file)"
      exit $EXIT_NOT_RUNNING
    fi
    status
    ;;
  *) usage ;;
esac
