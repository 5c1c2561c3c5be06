import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/**
 * Packages that some runs need at a place that cannot wait for `import`: each is read by its first call. In dist they are
 * files of the bundle: `scripts/bundle-packages.ts` takes this file's own `require` away.
 */
export const lateLuxon = (): typeof import('luxon') => require('luxon');
export const lateRe2js = (): typeof import('re2js') => require('re2js');
export const lateYaml = (): typeof import('yaml') => require('yaml');
