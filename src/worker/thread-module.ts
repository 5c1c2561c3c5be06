/**
 * The URL of a thread's entry beside this file: `.ts` from a checkout, `.js` in the published package.
 *
 * @param name file name without its ending
 */
export function threadModule(name: string): URL {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`./${name}.${ending}`, import.meta.url);
}
