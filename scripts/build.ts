/**
 * Compiles src to dist, as the published package brings it: Node strips types in a checkout, but not
 * below node_modules.
 *
 *     node scripts/build.ts
 */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const compiler = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));
const project = fileURLToPath(new URL('../tsconfig.build.json', import.meta.url));

// What was renamed or removed in src must not live on in the package.
rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true });
const { status } = spawnSync(process.execPath, [compiler, '--project', project], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
