import { COMMANDS } from '../src/cli/command-table.ts';
import { COMMAND_NAMES } from '../src/config/command-names.ts';
import { OPTIONS, type Option } from '../src/config/option-table.ts';
import { FORMAT_NAMES } from '../src/format/format-table.ts';
import { METHODS_REGISTERED } from '../src/http/grammar.ts';
import { BUILT_IN_PATTERNS } from '../src/redact/redaction-settings.ts';

/** What a value can be completed from; `methods` and such are lists with commas in between. */
type Values =
  | { kind: 'words'; words: readonly string[]; isList: boolean }
  | { kind: 'files' | 'directories' | 'interfaces' | 'users' | 'unknown' };

const HEADER = '# Made from the tables of commands and options: node scripts/generate-conf.ts';
/** `gzip|zstd|none`: the values themselves, not what stands for them. */
const CHOICE = /^[a-z][a-z0-9]*(\|[a-z][a-z0-9]*)+$/;
const LISTS: Partial<Record<Option['spelling'], readonly string[]>> = {
  methods: ['all', ...METHODS_REGISTERED],
  'method-filter': METHODS_REGISTERED,
  'redact-patterns': BUILT_IN_PATTERNS,
};
const TEMPLATE = 'template';

function findValues({ spelling, placeholder = '' }: Option): Values {
  const list = LISTS[spelling];
  if (list !== undefined) {
    return { kind: 'words', words: list, isList: true };
  }
  if (CHOICE.test(placeholder)) {
    return { kind: 'words', words: placeholder.split('|'), isList: false };
  }
  switch (spelling) {
    case 'record-format': {
      const words = FORMAT_NAMES.map((name) => (name === TEMPLATE ? `${TEMPLATE}:` : name));
      return { kind: 'words', words, isList: false };
    }
    case 'timezone':
      return { kind: 'words', words: ['local', 'UTC'], isList: false };
    case 'ports':
      return { kind: 'words', words: ['any'], isList: false };
    case 'interface':
      return { kind: 'interfaces' };
    case 'user':
      return { kind: 'users' };
    case 'path':
    case 'output':
      return { kind: placeholder === 'DIR' ? 'directories' : 'files' };
    default:
      return { kind: 'unknown' };
  }
}

function flagsOf(command: string): string[] {
  return OPTIONS.filter(({ commands }) => commands.some((name) => name === command)).flatMap(
    ({ flags }) => flags,
  );
}

/** Both spellings of a flag: one dash or two are the same. */
function spellings(flag: string): string[] {
  const name = flag.replace(/^--?/, '');
  return [`-${name}`, `--${name}`];
}

/**
 * The completion of bash, without any need of the package bash-completion.
 *
 * @see bash(1), Programmable Completion
 */
export function renderBashCompletion(): string {
  const commands = COMMAND_NAMES.map(
    (name) => `    ${name}) words='${flagsOf(name).join(' ')}' ;;`,
  );
  const values = OPTIONS.filter(({ placeholder }) => placeholder !== undefined).map((option) => {
    const patterns = option.flags.flatMap(spellings).join(' | ');
    return `    ${patterns}) ${renderBashValues(findValues(option))} ;;`;
  });
  return `\
# bash completion for httplog
${HEADER}

# Replies with the words of $1 that go on from the last part of the value behind a comma.
_httplog_list() {
  local head=
  [[ $cur != *,* ]] || head=\${cur%,*},
  mapfile -t COMPREPLY < <(compgen -P "$head" -W "$1" -- "\${cur##*,}")
}

# Replies for the value of option $1, or fails if it takes none.
_httplog_value() {
  case $1 in
${values.join('\n')}
    *) return 1 ;;
  esac
}

_httplog() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} command=run word words
  COMPREPLY=()
  # bash takes the = of --option=value for a word of its own.
  if [[ $cur == = ]]; then
    cur=
  elif [[ $prev == = ]]; then
    prev=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  if [[ $prev == -?* ]] && _httplog_value "$prev"; then
    return
  fi
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in
      ${COMMAND_NAMES.join(' | ')})
        command=$word
        break
        ;;
    esac
  done
  case $command in
${commands.join('\n')}
  esac
  if [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
  elif [[ $command == replay ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
  elif ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W '${COMMAND_NAMES.join(' ')}' -- "$cur")
  fi
}

complete -F _httplog httplog
`;
}

function renderBashValues(values: Values): string {
  const reply = (what: string) => `mapfile -t COMPREPLY < <(compgen ${what} -- "$cur")`;
  switch (values.kind) {
    case 'words':
      return values.isList
        ? `_httplog_list '${values.words.join(' ')}'`
        : reply(`-W '${values.words.join(' ')}'`);
    case 'files':
      return `compopt -o filenames 2>/dev/null; ${reply('-f')}`;
    case 'directories':
      return `compopt -o filenames 2>/dev/null; ${reply('-d')}`;
    case 'interfaces':
      // compgen expands its words, and readline puts them into the line: no name becomes a command there.
      return reply(
        '-W "any $(sed -n "s/^ *\\([A-Za-z0-9.@_-]*\\):.*/\\1/p" /proc/net/dev 2>/dev/null)"',
      );
    case 'users':
      return reply('-u');
    case 'unknown':
      return ':';
    default:
      return values satisfies never;
  }
}

/**
 * The completion of zsh.
 *
 * @see zshcompsys(1), _arguments
 */
export function renderZshCompletion(): string {
  const described = COMMANDS.map(({ name, summary }) => `    ${quoteZsh(`${name}:${summary}`)}`);
  const cases = COMMAND_NAMES.map((name) => {
    const options = OPTIONS.filter(({ commands }) => commands.includes(name)).flatMap(
      renderZshOption,
    );
    const operand = name === 'replay' ? ["'*:capture file:_files'"] : [];
    const specs = [...options, ...operand].map((spec) => `        ${spec}`).join('\n');
    return `    ${name})\n      specs=(\n${specs}\n      )\n      ;;`;
  });
  return `\
#compdef httplog
${HEADER}

_httplog_interfaces() {
  compadd any /sys/class/net/*(N:t)
}

_httplog() {
  local -a commands specs
  local command=run word
  commands=(
${described.join('\n')}
  )
  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
    _describe -t commands 'command of httplog' commands
    return
  fi
  for word in "\${(@)words[2,CURRENT-1]}"; do
    if (( \${commands[(I)$word:*]} )); then
      command=$word
      # What is left is completed as if the command were not there.
      words=("\${(@)words:#$command}")
      (( CURRENT -= 1 ))
      break
    fi
  done
  case $command in
${cases.join('\n')}
  esac
  _arguments -S : $specs
}

_httplog "$@"
`;
}

/** Both ways to give a value, in the next word and behind =. */
function renderZshOption(option: Option): string[] {
  const { flags, placeholder, description, isRepeatable } = option;
  const text = description.replace(/[[\]\\:]/g, '\\$&');
  return flags.map((flag) => {
    const many = isRepeatable === true ? '*' : '';
    return placeholder === undefined
      ? quoteZsh(`${many}${flag}[${text}]`)
      : quoteZsh(`${many}${flag}=[${text}]:${escapeZsh(placeholder)}:${zshAction(option)}`);
  });
}

function zshAction(option: Option): string {
  const values = findValues(option);
  switch (values.kind) {
    case 'words': {
      const words = values.words.map(escapeZsh).join(' ');
      return values.isList ? `_sequence compadd - ${words}` : `(${words})`;
    }
    case 'files':
      return '_files';
    case 'directories':
      return '_files -/';
    case 'interfaces':
      return '_httplog_interfaces';
    case 'users':
      return '_users';
    case 'unknown':
      return ' ';
    default:
      return values satisfies never;
  }
}

function escapeZsh(text: string): string {
  return text.replaceAll(':', '\\:');
}

function quoteZsh(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
