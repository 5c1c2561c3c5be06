/**
 * Makes dist of src, as the published package brings it: Node strips types in a checkout, but not below
 * node_modules. A few files instead of some two hundred: a start reads them in a third of the time. The packages that it
 * uses are files of it too, with their licenses.
 *
 *     node scripts/build.ts [DIST]
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  bundlePackages,
  describeLicenses,
  EXTERNAL_PACKAGES,
  usePackageFiles,
} from './bundle-packages.ts';

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
const ENTRY_FILE = 'httplog.js';
/** Of the packages whose code is in dist. */
const LICENSES_FILE = 'THIRD-PARTY-LICENSES';
const dist = process.argv[2] ?? root('dist');

/**
 * Without what is for development, as after `npm ci --omit=dev`, neither dist can be made nor sources run. A dist that
 * stands is kept then: the packages are in it.
 */
async function loadRolldown(): Promise<typeof import('rolldown').rolldown> {
  try {
    return (await import('rolldown')).rolldown;
  } catch (error) {
    if (process.env.npm_lifecycle_event !== 'prepare') {
      throw error;
    }
    if (existsSync(join(dist, 'cli', ENTRY_FILE))) {
      console.log('dist is kept as it is: there is no rolldown');
      process.exit(0);
    }
    console.error('dist is not there, and cannot be made: there is no rolldown');
    console.error('  Run npm ci without --omit=dev; npm prune --omit=dev may follow');
    process.exit(1);
  }
}

/** @returns what dist has to say about the packages in it */
async function writeBundle(directory: string): Promise<string> {
  const rolldown = await loadRolldown();
  const bundle = await rolldown({
    input: ENTRIES,
    platform: 'node',
    external: [/^node:/, ...EXTERNAL_PACKAGES],
    plugins: [usePackageFiles()],
  });
  await bundle.write({
    dir: directory,
    // Not ESM: for a named import of `node:fs` Node makes a module of all that it exports, streams among them.
    format: 'cjs',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    // What `import()` of an external file would start is a loader of modules that nothing else here needs.
    dynamicImportInCjs: false,
    codeSplitting: { groups: GROUPS },
    // A quarter of the text, which every start would read past.
    comments: { legal: true, annotation: false, jsdoc: false },
  });
  await bundle.close();
  return describeLicenses(await bundlePackages(rolldown, root(''), directory));
}

/**
 * Puts the files of one directory in the place of those of another, at no moment of which one is missing that a program
 * which runs from there may load. What was renamed or removed in src does not live on.
 */
function replaceFiles(made: string, target: string): void {
  mkdirSync(target, { recursive: true });
  const names = readdirSync(made);
  // The entry last: it is by its time that a start knows whether all are of these sources.
  names.sort((a, b) => Number(a === ENTRY_FILE) - Number(b === ENTRY_FILE));
  for (const name of names) {
    renameSync(join(made, name), join(target, name));
  }
  for (const name of readdirSync(target).filter((name) => !names.includes(name))) {
    rmSync(join(target, name), { recursive: true });
  }
}

mkdirSync(dirname(dist), { recursive: true });
const work = mkdtempSync(join(dirname(dist), `.${basename(dist)}-`));
try {
  const made = join(work, 'cli');
  const licenses = await writeBundle(made);
  writeFileSync(join(work, LICENSES_FILE), licenses);
  writeFileSync(join(work, 'package.json'), '{ "type": "commonjs" }\n');
  mkdirSync(dist, { recursive: true });
  for (const name of [LICENSES_FILE, 'package.json']) {
    renameSync(join(work, name), join(dist, name));
  }
  // As deep below the package as the sources' rooms: paths to its other files hold in both.
  replaceFiles(made, join(dist, 'cli'));
} finally {
  rmSync(work, { recursive: true, force: true });
}
