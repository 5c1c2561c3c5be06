/**
 * Makes dist of src, as the published package brings it: Node strips types in a checkout, but not below
 * node_modules. A few files instead of some two hundred: a start reads them in a third of the time.
 *
 *     node scripts/build.ts [DIST]
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** What is started as a program or as a thread of its own, each by its name beside the others. */
const ENTRIES = {
  httplog: root('src/cli/httplog.ts'),
  'live-worker': root('src/worker/live-worker.ts'),
  'part-thread': root('src/worker/part-thread.ts'),
  'replay-task': root('src/worker/replay-task.ts'),
  'sqlite-thread': root('src/log/sqlite-thread.ts'),
};
/**
 * What is shared goes into few files: each more costs a start a fifth of a millisecond. `start` is all that `-v` needs.
 */
const GROUPS = [
  {
    name: 'start',
    test: /src\/(errors|limits|nearest-name|cli\/(arguments|describe-error)|config\/(command-names|mistakes|option-table))\.ts$/,
    priority: 3,
  },
  {
    name: 'ground',
    test: /src\/([\w-]+|[\w-]+\/limits|counters\/[\w-]+|capture\/(frame|link-types|port-range))\.ts$/,
    minShareCount: 2,
    priority: 2,
  },
  { name: 'log', test: /src\/log\//, minShareCount: 2, priority: 1 },
];
const dist = process.argv[2] ?? root('dist');

// What was renamed or removed in src must not live on in the package.
rmSync(dist, { recursive: true, force: true });
const bundle = await rolldown({
  input: ENTRIES,
  platform: 'node',
  // Dependencies stay packages of their own, which npm installs.
  external: (id) => !/^[./]/.test(id),
});
await bundle.write({
  // As deep below the package as the sources' rooms: paths to its other files hold in both.
  dir: join(dist, 'cli'),
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: '[name]-[hash].js',
  codeSplitting: { groups: GROUPS },
  // A quarter of the text, which every start would read past.
  comments: { legal: true, annotation: false, jsdoc: false },
});
await bundle.close();
