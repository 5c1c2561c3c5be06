import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
/** As `npm install -g` lays it out: the package, with its dependencies below it. */
const PACKAGE_FOLDER = join(PROJECT, 'bench/.peers/lib/node_modules/httplog');

/** The program as its users have it; a checkout's own runs the sources, and starts slower. */
export const HTTPLOG_PROGRAM = join(PACKAGE_FOLDER, 'bin/httplog');

/** Builds the package of this checkout. Its dependencies are links to those that are installed here. */
export function installHttplog(): void {
  rmSync(PACKAGE_FOLDER, { recursive: true, force: true });
  mkdirSync(PACKAGE_FOLDER, { recursive: true });
  for (const name of ['bin', 'package.json']) {
    cpSync(join(PROJECT, name), join(PACKAGE_FOLDER, name), { recursive: true });
  }
  const build = [join(PROJECT, 'scripts/build.ts'), join(PACKAGE_FOLDER, 'dist')];
  const { status, stderr } = spawnSync(process.execPath, build, { encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(`scripts/build.ts failed: ${stderr}`);
  }
  const { dependencies, optionalDependencies } = JSON.parse(
    readFileSync(join(PROJECT, 'package.json'), 'utf8'),
  );
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const link = join(PACKAGE_FOLDER, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(PROJECT, 'node_modules', name), link);
  }
}
