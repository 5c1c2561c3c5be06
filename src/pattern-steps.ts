/** Of a group that is being read: steps of it, and of the last piece, which a repetition is about. */
interface Group {
  total: number;
  piece: number;
}

/** What stands for one step or a number of them: escapes, classes, groups, repetitions, and any other sign. */
const PIECES =
  /\\Q([\s\S]*?)(?:\\E|$)|\(\?[a-zA-Z-]+\)|\\(?:[pP]\{[^}]*\}|[pP].|x\{[^}]*\}|x..|[0-7]{1,3}|[\s\S])|\[\^?\]?(?:\[:\^?\w+:\]|\\[\s\S]|[^\]])*\]?|\((?:\?(?:P?<\w+>|[a-zA-Z-]*:))?|\)|\||[*+?]|\{(\d+)(,?)(\d*)\}|[\s\S]/gu;

/**
 * About how many steps the program of an expression has, without making it: repetitions multiply, so that a
 * thousand characters can be millions of steps, which take gigabytes.
 */
export function countPatternSteps(text: string): number {
  const groups: Group[] = [{ total: 0, piece: 0 }];
  for (const match of text.matchAll(PIECES)) {
    countPiece(groups, match);
  }
  return groups.reduce((sum, { total, piece }) => sum + total + piece, 0);
}

function countPiece(groups: Group[], match: RegExpMatchArray): void {
  const [piece, quoted, first, comma, last] = match;
  const group = groups[groups.length - 1];
  if (/^\(\?[a-zA-Z-]+\)$/.test(piece)) {
    return;
  }
  if (piece.startsWith('(')) {
    groups.push({ total: 0, piece: 0 });
  } else if (piece === ')') {
    closeGroup(groups);
  } else if (piece.length === 1 && '*+?'.includes(piece)) {
    group.piece += 1;
  } else if (first !== undefined) {
    group.piece = repeat(group.piece, Number(first), comma === '' ? Number(first) : Number(last));
  } else {
    group.total += group.piece;
    group.piece = quoted === undefined ? 1 : quoted.length;
  }
}

/** What stands in brackets is one piece of what is around it. */
function closeGroup(groups: Group[]): void {
  const closed = groups.length > 1 ? groups.pop() : undefined;
  const outer = groups[groups.length - 1];
  outer.total += outer.piece;
  outer.piece = closed === undefined ? 1 : closed.total + closed.piece + 2;
}

/** `x{2,5}` is xx(x(x(x)?)?)?; `x{2,}` is xx+. */
function repeat(steps: number, first: number, last: number): number {
  return Math.max(first, 1) * steps + Math.max(last - first, 0) * (steps + 1);
}
