/** Paths to routes: what is a number or an id in a path says which thing is meant, and not what is asked of it. */

const ID = ':id';

/** Decimal numbers, with the ending of a file or without. */
const NUMBER = /^\d+(\.[A-Za-z][A-Za-z0-9]{0,5})?$/;
/** Hexadecimal numbers of eight digits and more, UUIDs among them. */
const HEXADECIMAL = /^[0-9A-Fa-f]{8,}$|^[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$/;
/** Words of sixteen letters and more with a digit are made by a program. */
const TOKEN = /^[A-Za-z0-9_~+=-]{16,}$/;
const DIGIT = /\d/;

/** The route of a path without its query: `/orders/42/items` gives `/orders/:id/items`. */
export function findRoute(path: string): string {
  return DIGIT.test(path) ? path.split('/').map(collapse).join('/') : path;
}

function collapse(segment: string): string {
  if (!DIGIT.test(segment)) {
    return segment;
  }
  const number = NUMBER.exec(segment);
  if (number !== null) {
    return ID + (number[1] ?? '');
  }
  return HEXADECIMAL.test(segment) || TOKEN.test(segment) ? ID : segment;
}
