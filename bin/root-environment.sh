# The first step of bin/httplog and start_httplog.sh, which read it with a PATH of the system's own. At a start
# as root the environment keeps what httplog looks at. The rest may be another user's, where sudo or cron let
# it through, and much of it loads code: NODE_OPTIONS, LD_PRELOAD, OPENSSL_CONF, GCONV_PATH, a PATH, a HOME with
# .node_modules. What it made of the shell itself has happened by then. Others than root keep their environment.
# shellcheck shell=sh disable=SC2154 # callers_path is set by who reads this.

# Builtins alone until functions that bash took from the environment are gone.
forget_functions() {
  unset -f declare id
  # shellcheck disable=SC3044 # Nobody else gets here.
  for name in $(declare -F); do
    case $name in
      declare | -* | forget_functions | keep_known_variables) ;;
      *) unset -f "$name" ;;
    esac
  done
}

keep_known_variables() {
  refused=
  old_separators=$IFS
  IFS='
'
  set -f
  for line in $(export -p); do
    name=${line%%=*}
    name=${name##* }
    case $name in
      # The lines of a value with line feeds look like variables, too; bash lets nobody unset its own.
      '' | *[!A-Za-z0-9_]* | [0-9]* | BASHOPTS | BASH_VERSINFO | SHELLOPTS | UID | EUID | PPID) ;;
      IFS | line | name | refused | old_separators | callers_path | program | root) ;;
      HTTPLOG_* | NOTIFY_SOCKET | WATCHDOG_USEC | WATCHDOG_PID | RUNTIME_DIRECTORY) ;;
      LISTEN_FDS | LISTEN_PID | LISTEN_FDNAMES | INVOCATION_ID | JOURNAL_STREAM) ;;
      XDG_RUNTIME_DIR | TZ | LANG | LANGUAGE | LC_*) ;;
      TERM | COLORTERM | NO_COLOR | COLUMNS | LINES | PATH | PWD) ;;
      NODE_OPTIONS | NODE_PATH | OPENSSL_CONF | LD_*)
        refused="$refused $name"
        unset "$name"
        ;;
      *) unset "$name" ;;
    esac
  done
  set +f
  IFS=$old_separators
  [ -z "$refused" ] || echo "httplog: not taken from the environment at a start as root:$refused" >&2
}

case ${BASH_VERSION:-} in
  ?*) unset -f id ;;
esac
if [ "$(id -u)" -eq 0 ]; then
  case ${BASH_VERSION:-} in
    ?*) forget_functions ;;
  esac
  keep_known_variables
else
  PATH=$callers_path
fi
