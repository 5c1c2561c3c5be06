import { NEAREST_NAME_LENGTH_MAX } from './limits.ts';

/**
 * The name that a mistyped one was probably meant to be: the only one it begins, or the one with the
 * fewest slips, at most one in every three letters. Case and `-` for `_` do not count as slips.
 */
export function findNearestName(text: string, names: readonly string[]): string | undefined {
  const typed = foldName(text);
  if (typed.length > NEAREST_NAME_LENGTH_MAX) {
    return undefined;
  }
  let nearest: string | undefined;
  let fewest = Math.floor(typed.length / 3) + 1;
  for (const name of names) {
    const slips = countSlips(typed, foldName(name));
    if (slips < fewest) {
      fewest = slips;
      nearest = name;
    }
  }
  return nearest ?? findCompletion(typed, names);
}

/** As the last words of a message: `, did you mean NAME`, or nothing. */
export function describeNearestName(name: string | undefined): string {
  return name === undefined ? '' : `, did you mean ${name}`;
}

function foldName(name: string): string {
  return name.toLowerCase().replaceAll('-', '_');
}

function findCompletion(typed: string, names: readonly string[]): string | undefined {
  const longer = names.filter((name) => foldName(name).startsWith(typed));
  return longer.length === 1 ? longer[0] : undefined;
}

/** Letters to add, drop, replace, or exchange with their neighbour (optimal string alignment). */
function countSlips(left: string, right: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const isSame = left[row - 1] === right[column - 1];
      let slips = Math.min(
        previous[column] + 1,
        current[column - 1] + 1,
        previous[column - 1] + (isSame ? 0 : 1),
      );
      const isExchange =
        row > 1 &&
        column > 1 &&
        left[row - 1] === right[column - 2] &&
        left[row - 2] === right[column - 1];
      if (isExchange) {
        slips = Math.min(slips, beforePrevious[column - 2] + 1);
      }
      current.push(slips);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[right.length];
}
