import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { renderGeneratedFiles } from '../../scripts/generate-conf.ts';
import { renderManual } from '../../scripts/generate-manual.ts';
import { COMMANDS } from '../../src/cli/command-table.ts';
import { EXIT_CODES } from '../../src/cli/help.ts';
import { COMMAND_NAMES } from '../../src/config/command-names.ts';
import { OPTIONS } from '../../src/config/option-table.ts';
import { canMakeNamespaces, titleWithReason } from '../live/requirements.ts';
import { PROJECT, readProjectFile } from '../structure/source-files.ts';

const BASH_COMPLETION = `${PROJECT}conf/completions/httplog.bash`;

function missing(program: string): string | undefined {
  const isThere = ['/usr/bin/', '/bin/'].some((folder) => existsSync(folder + program));
  return isThere ? undefined : `no ${program}`;
}

function run(
  program: string,
  args: string[],
  input = '',
): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', input });
  return { status, output: stdout + stderr };
}

test.each(Object.entries(renderGeneratedFiles()))(
  '%s is what the tables say (node scripts/generate-conf.ts writes it again)',
  (path, text) => {
    expect(readProjectFile(path)).toBe(text);
    expect(text).toMatch(/[^\n]\n$/);
  },
);

describe('the manual page', () => {
  const page = renderManual('1.2.3');

  test('has its sections in the usual order', () => {
    const titles = [...page.matchAll(/^\.SH "?([^"\n]+)"?$/gm)].map(([, title]) => title);
    const usual = 'NAME SYNOPSIS DESCRIPTION COMMANDS OPTIONS SIGNALS FILES ENVIRONMENT';
    expect(titles).toEqual([...usual.split(' '), 'EXIT STATUS', 'EXAMPLES', 'SEE ALSO']);
    expect(page).toContain('"httplog 1.2.3"');
  });

  const withGroff = missing('groff');
  describe.skipIf(withGroff)(titleWithReason('set by groff', withGroff), () => {
    const set = (input: string) =>
      spawnSync('groff', ['-man', '-ww', '-Tutf8', '-P-c', '-rLL=400n'], {
        encoding: 'utf8',
        input,
      });
    const { status, stdout, stderr } = set(page);
    // Without the strokes over strokes that make bold and underlined letters.
    const text = stdout.replace(/.[\b]/g, '').replace(/\s+/g, ' ');

    test('has no mistake', () => {
      expect(status).toBe(0);
      expect(stderr).toBe('');
      expect(set('.TH X 8\n.NOSUCH\n').stderr).toContain('NOSUCH');
    });

    test('tells every option as it is typed, with what is allowed and its variable', () => {
      for (const { flags, placeholder, description, environment = '' } of OPTIONS) {
        const names = [flags.join(', '), placeholder ?? ''].join(' ').trim();
        expect(text).toContain(` ${names} ${description}.`);
        expect(text).toContain(environment);
      }
    });

    test('tells every command, example, exit code and signal', () => {
      for (const { usage, summary, examples } of COMMANDS) {
        expect(text).toContain(`httplog ${usage}`);
        expect(text).toContain(` ${usage} ${summary}.`);
        expect(text).toContain(examples[0][0]);
      }
      for (const [code, meaning] of EXIT_CODES) {
        expect(text).toContain(` ${code} ${meaning}.`);
      }
      expect(text).toMatch(/SIGNALS .* TERM, INT .* HUP .* USR1 .* USR2 .* FILES /);
    });
  });
});

describe('the completion of bash', () => {
  /** The replies to TAB behind these words. */
  function complete(...words: string[]): string[] {
    const script = `source ${BASH_COMPLETION}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _httplog; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync(
      'bash',
      ['--norc', '-c', script, 'bash', 'httplog', ...words],
      { encoding: 'utf8', cwd: PROJECT },
    );
    expect(stderr).toBe('');
    return stdout.split('\n').filter((line) => line !== '');
  }

  test.each(COMMAND_NAMES)('knows the options of %s, and no others', (command) => {
    const flags = OPTIONS.filter(({ commands }) => commands.includes(command)).flatMap(
      (option) => option.flags,
    );
    expect(complete(command, '-')).toEqual(flags);
    expect(complete(command.slice(0, -1))).toEqual([command]);
  });

  test('knows the options of run where no command is named', () => {
    expect(complete('--prom')).toEqual(['--promisc']);
    expect(complete('')).toEqual([...COMMAND_NAMES]);
  });

  test.each([
    [
      ['--engine', ''],
      ['afpacket', 'libpcap'],
    ],
    [['--records', 'e'], ['exchanges']],
    [['--records', '=', 'm'], ['messages']],
    [
      ['replay', '--records', '='],
      ['messages', 'exchanges'],
    ],
    [['-engine', 'l'], ['libpcap']],
    [['--compress', 'z'], ['zstd']],
    [['--format', 'combined-'], ['combined-timed']],
    [['--format', 'temp'], ['template:']],
    [['--redact', 'email,j'], ['email,jwt']],
    [['--methods', 'a'], ['all']],
    [['-i', 'an'], ['any']],
    [['-d', 'conf/comp'], ['conf/completions']],
    [['--config', 'conf/httplog.c'], ['conf/httplog.conf']],
    [['replay', 'conf/dem'], ['conf/demo.pcap']],
    [['demo', 'conf/dem'], []],
    [['-b', ''], []],
  ])('httplog %j gives %j', (words, replies) => {
    expect(complete(...words)).toEqual(replies);
  });

  const noNamespaces = canMakeNamespaces();
  test.skipIf(noNamespaces)(
    titleWithReason('runs nothing that an interface is called', noNamespaces),
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'httplog-completion-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      const complete = `source ${BASH_COMPLETION}
COMP_WORDS=(httplog -i ''); COMP_CWORD=2; _httplog; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const script = `mount -t sysfs none /sys && ip link set lo name '$(>here)' &&
cd "$1" && exec bash --norc -c "$2"`;
      const args = ['-nm', 'sh', '-c', script, 'sh', folder, complete];
      expect(run('unshare', args)).toEqual({ status: 0, output: 'any\n' });
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  const withoutShellcheck = missing('shellcheck');
  test.skipIf(withoutShellcheck)(
    titleWithReason('is clean to shellcheck', withoutShellcheck),
    () => {
      expect(run('shellcheck', ['--shell=bash', BASH_COMPLETION])).toEqual({
        status: 0,
        output: '',
      });
    },
  );
});

describe('the completion of zsh', () => {
  const text = readProjectFile('conf/completions/_httplog');

  test('is for httplog, and has every command and option', () => {
    expect(text).toMatch(/^#compdef httplog\n/);
    for (const { name, summary } of COMMANDS) {
      expect(text).toContain(`'${name}:${summary.replaceAll("'", "'\\''")}'`);
    }
    for (const { flags, placeholder } of OPTIONS) {
      for (const flag of flags) {
        expect(text).toMatch(new RegExp(`'\\*?${flag}${placeholder === undefined ? '' : '='}\\[`));
      }
    }
  });

  const withoutZsh = missing('zsh');
  test.skipIf(withoutZsh)(titleWithReason('is read by zsh', withoutZsh), () => {
    expect(run('zsh', ['-n'], text)).toEqual({ status: 0, output: '' });
  });
});
