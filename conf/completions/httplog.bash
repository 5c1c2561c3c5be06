# bash completion for httplog
# Made from the tables of commands and options: node scripts/generate-conf.ts

# Replies with the words of $1 that go on from the last part of the value behind a comma.
_httplog_list() {
  local head=
  [[ $cur != *,* ]] || head=${cur%,*},
  mapfile -t COMPREPLY < <(compgen -P "$head" -W "$1" -- "${cur##*,}")
}

# Replies for the value of option $1, or fails if it takes none.
_httplog_value() {
  case $1 in
    -i | --i) mapfile -t COMPREPLY < <(compgen -W "any $(sed -n "s/^ *\([A-Za-z0-9.@_-]*\):.*/\1/p" /proc/net/dev 2>/dev/null)" -- "$cur") ;;
    -p | --p) mapfile -t COMPREPLY < <(compgen -W 'any' -- "$cur") ;;
    -f | --f) : ;;
    -local | --local) : ;;
    -c | --c) : ;;
    -o | --o) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    -format | --format) mapfile -t COMPREPLY < <(compgen -W 'text short json ecs otel common combined combined-timed audit tsv har template:' -- "$cur") ;;
    -color | --color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$cur") ;;
    -records | --records) mapfile -t COMPREPLY < <(compgen -W 'messages exchanges' -- "$cur") ;;
    -output | --output) : ;;
    -header | --header) : ;;
    -client-from | --client-from) : ;;
    -timezone | --timezone) mapfile -t COMPREPLY < <(compgen -W 'local UTC' -- "$cur") ;;
    -d | --d) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
    -rotate-size | --rotate-size) : ;;
    -compress | --compress) mapfile -t COMPREPLY < <(compgen -W 'gzip zstd none' -- "$cur") ;;
    -keep-days | --keep-days) : ;;
    -keep-files | --keep-files) : ;;
    -max-disk | --max-disk) : ;;
    -include-path | --include-path) : ;;
    -exclude-path | --exclude-path) : ;;
    -method | --method) _httplog_list 'GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT COPY LABEL LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MKREDIRECTREF MKWORKSPACE MOVE ORDERPATCH PROPFIND PROPPATCH QUERY REBIND REPORT SEARCH UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE UPDATEREDIRECTREF VERSION-CONTROL' ;;
    -status | --status) : ;;
    -host | --host) : ;;
    -client | --client) : ;;
    -server | --server) : ;;
    -header-filter | --header-filter) : ;;
    -slower-than | --slower-than) : ;;
    -sample | --sample) : ;;
    -header-mode | --header-mode) : ;;
    -query-mode | --query-mode) : ;;
    -cookie-mode | --cookie-mode) : ;;
    -redact | --redact) _httplog_list 'email credit_card jwt bearer ip_v4 ssn phone' ;;
    -redact-file | --redact-file) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    -anonymize-ip | --anonymize-ip) : ;;
    -log_every | --log_every) : ;;
    -service-log | --service-log) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
    -report | --report) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$cur") ;;
    -interval | --interval) : ;;
    -user | --user) mapfile -t COMPREPLY < <(compgen -u -- "$cur") ;;
    -listen-admin | --listen-admin) : ;;
    -admin-host | --admin-host) : ;;
    -cpuprofile | --cpuprofile) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    -methods | --methods) _httplog_list 'all GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT COPY LABEL LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MKREDIRECTREF MKWORKSPACE MOVE ORDERPATCH PROPFIND PROPPATCH QUERY REBIND REPORT SEARCH UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE UPDATEREDIRECTREF VERSION-CONTROL' ;;
    -within-connect | --within-connect) mapfile -t COMPREPLY < <(compgen -W 'show hide' -- "$cur") ;;
    -vxlan-port | --vxlan-port) : ;;
    -s | --s) : ;;
    -b | --b) : ;;
    -cpu | --cpu) : ;;
    -engine | --engine) mapfile -t COMPREPLY < <(compgen -W 'afpacket libpcap' -- "$cur") ;;
    -config | --config) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    *) return 1 ;;
  esac
}

_httplog() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command=run word words
  COMPREPLY=()
  # bash takes the = of --option=value for a word of its own.
  if [[ $cur == = ]]; then
    cur=
  elif [[ $prev == = ]]; then
    prev=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  if [[ $prev == -?* ]] && _httplog_value "$prev"; then
    return
  fi
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in
      run | replay | top | demo | doctor | interfaces | check-config | print-systemd | status)
        command=$word
        break
        ;;
    esac
  done
  case $command in
    run) words='-i -p -f --local -c -o --format --color --records --output --header --client-from -add_vlan --timezone -d -log_split --rotate-size --compress --keep-days --keep-files --max-disk --include-path --exclude-path --method --status --host --client --server --header-filter --slower-than --sample --header-mode --query-mode --cookie-mode --redact --redact-file --anonymize-ip -log_every --service-log --quiet --report --user --listen-admin --admin-host -cpuprofile --methods --complete-heads --within-connect --no-fold --tunnels --vxlan-port -s -b -cpu --engine --promisc --config -v --version -h --help' ;;
    replay) words='-p -f --local -c -o --format --color --records --output --header --client-from -add_vlan --timezone -d -log_split --rotate-size --include-path --exclude-path --method --status --host --client --server --header-filter --slower-than --sample --header-mode --query-mode --cookie-mode --redact --redact-file --anonymize-ip --quiet --report -cpuprofile --methods --complete-heads --within-connect --no-fold --vxlan-port -s -cpu --config -v --version -h --help' ;;
    top) words='-i -p -f --local --client-from --include-path --exclude-path --method --status --host --client --server --header-filter --slower-than --sample --header-mode --query-mode --cookie-mode --redact --redact-file --anonymize-ip --interval --user --methods --complete-heads --within-connect --no-fold --tunnels --vxlan-port -s -b -cpu --engine --promisc --config -v --version -h --help' ;;
    demo) words='--color --timezone -cpu --engine -v --version -h --help' ;;
    doctor) words='-i -p --config -v --version -h --help' ;;
    interfaces) words='-v --version -h --help' ;;
    check-config) words='-i -p -f --local -c -o --format --color --records --output --header --client-from -add_vlan --timezone -d -log_split --rotate-size --compress --keep-days --keep-files --max-disk --include-path --exclude-path --method --status --host --client --server --header-filter --slower-than --sample --header-mode --query-mode --cookie-mode --redact --redact-file --anonymize-ip -log_every --service-log --quiet --report --interval --user --listen-admin --admin-host -cpuprofile --methods --complete-heads --within-connect --no-fold --tunnels --vxlan-port -s -b -cpu --engine --promisc --config -v --version -h --help' ;;
    print-systemd) words='-i -p -f --local -c -o --format --color --records --output --header --client-from -add_vlan --timezone -d -log_split --rotate-size --compress --keep-days --keep-files --max-disk --include-path --exclude-path --method --status --host --client --server --header-filter --slower-than --sample --header-mode --query-mode --cookie-mode --redact --redact-file --anonymize-ip -log_every --service-log --quiet --report --user --listen-admin --admin-host -cpuprofile --methods --complete-heads --within-connect --no-fold --tunnels --vxlan-port -s -b -cpu --engine --promisc --config -v --version -h --help' ;;
    status) words='--listen-admin --config -v --version -h --help' ;;
  esac
  if [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
  elif [[ $command == replay ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
  elif ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W 'run replay top demo doctor interfaces check-config print-systemd status' -- "$cur")
  fi
}

complete -F _httplog httplog
