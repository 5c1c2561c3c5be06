import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
/** What is built for the bench, out of git's sight. */
const PEERS_FOLDER = join(PROJECT, 'bench/.peers');
const CAP_FOLDER = join(PEERS_FOLDER, 'cap');
export const CAP_VERSION = '0.2.1';

export const GOPACKET_PROGRAM = join(PEERS_FOLDER, 'gopacket-http');
export const CAP_PROGRAM = join(CAP_FOLDER, 'cap-main.js');
/** Not the pinned Node: a native package is built for the one whose headers the machine has. */
const OUTER_PATH = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((folder) => !folder.includes('node_modules'))
  .join(delimiter);
export const OUTER_NODE: readonly [string, ...string[]] = ['env', `PATH=${OUTER_PATH}`, 'node'];

/** With Debian's packages alone: nothing is downloaded. */
export function buildGopacket(): void {
  mkdirSync(PEERS_FOLDER, { recursive: true });
  run('go', ['build', '-o', GOPACKET_PROGRAM, join(PROJECT, 'bench/peers/gopacket/main.go')], {
    GOPATH: '/usr/share/gocode',
    GO111MODULE: 'off',
    GOFLAGS: '',
  });
}

/** From npm, with a compiler and libpcap's headers. */
export function buildCap(): void {
  mkdirSync(CAP_FOLDER, { recursive: true });
  writeFileSync(join(CAP_FOLDER, 'package.json'), '{ "private": true, "type": "module" }\n');
  if (!existsSync(join(CAP_FOLDER, 'node_modules/cap'))) {
    const args = ['install', '--no-audit', '--no-fund', '--prefix', CAP_FOLDER];
    run('npm', [...args, `cap@${CAP_VERSION}`], { PATH: OUTER_PATH });
  }
  run(join(PROJECT, 'node_modules/.bin/tsc'), [
    join(PROJECT, 'bench/peers/cap-main.ts'),
    ...['--outDir', CAP_FOLDER, '--rootDir', join(PROJECT, 'bench/peers')],
    ...['--ignoreConfig', '--module', 'nodenext', '--target', 'es2022', '--types', 'node'],
    ...['--rewriteRelativeImportExtensions', '--skipLibCheck', '--typeRoots'],
    join(PROJECT, 'node_modules/@types'),
  ]);
  const [env, ...node] = OUTER_NODE;
  run(env, [
    ...node,
    '--print',
    `require(${JSON.stringify(join(CAP_FOLDER, 'node_modules/cap'))})`,
  ]);
}

function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): void {
  const { status, stderr, stdout, error } = spawnSync(program, args, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  if (status !== 0) {
    const said = error?.message ?? `${stderr}${stdout}`.trim().split('\n').slice(-1)[0];
    throw new Error(`${program} ${args[0]} failed: ${said}`);
  }
}
