import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The directory of this checkout, with a slash at its end. */
export const PROJECT = fileURLToPath(new URL('../../', import.meta.url));

/** A file of src: its path there, and its text without comments. */
export interface SourceFile {
  path: string;
  code: string;
}

/** The files of src in the order of their names. */
export function readSources(): SourceFile[] {
  return readdirSync(`${PROJECT}src`, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .sort()
    .map((path) => ({ path, code: withoutComments(readProjectFile(`src/${path}`)) }));
}

/** The text of a file of this checkout. */
export function readProjectFile(path: string): string {
  return readFileSync(`${PROJECT}${path}`, 'utf8');
}

/** What a line holds behind `//` in a string, such as a URL, stays. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}
