/** The packages of npm that httplog uses, as files of dist, each loaded where it is needed and not before. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin, rolldown } from 'rolldown';

/** What of each is used: the rest stays away where a package lets it. Undefined: the package is one value. */
const PACKAGES: Record<string, readonly string[] | undefined> = {
  'cli-progress': undefined,
  luxon: ['IANAZone'],
  pino: ['pino'],
  'pino-roll': undefined,
  piscina: ['Piscina'],
  re2js: ['RE2JS'],
  yaml: ['parse'],
};
/** The same of packages that those use, and that are large. */
const INNER_PACKAGES: typeof PACKAGES = {
  'date-fns': ['addDays', 'addHours', 'format', 'isValid', 'parse'],
};
const NAMES = '\0names-of-';
/** piscina starts what is called so beside itself as its thread. */
const PISCINA_THREAD = ['worker', 'node_modules/piscina/dist/worker.js'] as const;
/** Only for piscina's option of that name, and native: a package that is missing would be looked for in other folders. */
const ABSENT = '@napi-rs/nice';
/** Native code, which no bundle can take in. */
export const EXTERNAL_PACKAGES: readonly string[] = ['koffi'];
const LATE_PACKAGES = /\/src\/late-packages\.ts$/;
const OWN_REQUIRE = /^import \{ createRequire \}.*\n|^const require = .*\n/gm;

const fileOf = (name: string): string => `package-${name}`;

/** Has the sources load each package from its file beside them. */
export function usePackageFiles(): Plugin {
  return {
    name: 'package-files',
    resolveId: (id) =>
      Object.hasOwn(PACKAGES, id) ? { id: `./${fileOf(id)}.js`, external: true } : undefined,
    transform: {
      filter: { id: LATE_PACKAGES },
      // Of modules CommonJS has its own `require`, and the bundler sees what is asked of it.
      handler: (code) => code.replace(OWN_REQUIRE, ''),
    },
  };
}

/** Makes modules of the names that are used, which leave out all that these do not need. */
function keepUsedNames(): Plugin {
  const used: typeof PACKAGES = { ...PACKAGES, ...INNER_PACKAGES };
  return {
    name: 'used-names',
    resolveId(id, importer) {
      if (id === ABSENT) {
        return `\0${id}`;
      }
      const isWhole = used[id] === undefined || importer === NAMES + id;
      return id.startsWith(NAMES) ? id : isWhole ? undefined : NAMES + id;
    },
    load(id) {
      if (id === `\0${ABSENT}`) {
        return 'module.exports = undefined;';
      }
      const name = id.startsWith(NAMES) ? id.slice(NAMES.length) : '';
      return used[name] && `export { ${used[name].join(', ')} } from '${name}';`;
    },
  };
}

/**
 * Writes a file a package, and what they share, beside the bundle.
 *
 * @returns the directories of all packages that are in them
 */
export async function bundlePackages(
  bundler: typeof rolldown,
  project: string,
  directory: string,
): Promise<string[]> {
  const entries = Object.keys(PACKAGES).map((name) => [fileOf(name), name]);
  const bundle = await bundler({
    cwd: project,
    input: {
      ...Object.fromEntries(entries),
      [PISCINA_THREAD[0]]: join(project, PISCINA_THREAD[1]),
    },
    platform: 'node',
    plugins: [keepUsedNames()],
  });
  const { output } = await bundle.write({
    dir: directory,
    format: 'cjs',
    entryFileNames: '[name].js',
    chunkFileNames: 'packages-[name]-[hash].js',
    comments: { legal: true, annotation: false, jsdoc: false },
  });
  await bundle.close();
  const files = output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
  return findPackages(files);
}

/** `/x/node_modules/@scope/name` of the files below it. */
function findPackages(files: readonly string[]): string[] {
  const directories = files.map((file) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]);
  return [...new Set(directories)].filter((directory) => directory !== undefined).sort();
}

/** Name, version and license of each package, as its authors ask everybody to pass them on. */
export function describeLicenses(directories: readonly string[]): string {
  return directories.map(describeLicense).join(`\n${'-'.repeat(80)}\n\n`);
}

function describeLicense(directory: string): string {
  const { name, version, license } = JSON.parse(
    readFileSync(join(directory, 'package.json'), 'utf8'),
  );
  const file = readdirSync(directory).find((entry) => /^(licen[sc]e|copying)/i.test(entry));
  if (file === undefined) {
    throw new Error(`${directory} has no license file`);
  }
  return `${name} ${version} (${license})\n\n${readFileSync(join(directory, file), 'utf8').trim()}\n`;
}
