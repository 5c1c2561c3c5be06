import { compareAge, type OwnFile } from './own-files.ts';

/**
 * Files that get no more lines, the oldest first: of a past day, or with another one behind them.
 *
 * @param held what is open to be written, which may not be there yet; null for a name of another form
 */
export function findClosedFiles(
  files: readonly OwnFile[],
  held: readonly (OwnFile | null)[],
  today: number,
): OwnFile[] {
  const newest = new Map<string, number>();
  for (const { day, stream, number } of [...files, ...held.filter((file) => file !== null)]) {
    const key = `${day} ${stream}`;
    newest.set(key, Math.max(number, newest.get(key) ?? 0));
  }
  return files
    .filter(({ day, stream, number, state }) => {
      const isPast = day < today || number < (newest.get(`${day} ${stream}`) ?? 0);
      return state === 'plain' && isPast;
    })
    .sort(compareAge);
}
