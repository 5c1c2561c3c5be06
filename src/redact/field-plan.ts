import {
  FIELD_CONTENT_LENGTH,
  FIELD_NAMES,
  FIELD_TRANSFER_ENCODING,
  FIELDS_COUNT,
  type NamedField,
} from '../http/grammar.ts';
import {
  ADDRESS_FIELDS,
  HOST_FIELDS,
  isCredentialField,
  URL_FIELDS,
  URL_LIST_FIELDS,
} from './field-names.ts';
import {
  createNameModes,
  IGNORES_CASE,
  MODE_DROP,
  MODE_KEEP,
  MODE_REDACT,
  type Mode,
} from './name-modes.ts';
import type { FieldModes } from './redaction-settings.ts';

/** What a field's value is made of, and so which passes it gets. */
export const KIND_TEXT = 0;
export const KIND_CREDENTIALS = 1;
export const KIND_COOKIES = 2;
export const KIND_SET_COOKIE = 3;
export const KIND_URL = 4;
/** Addresses with commas between them. */
export const KIND_ADDRESSES = 5;
export const KIND_FORWARDED = 6;
/** Names and versions of products. */
export const KIND_PRODUCTS = 7;
/** Numbers and words of the protocol: no pattern is looked for in numbers. */
export const KIND_FRAMING = 8;
export const KIND_HOST = 9;
/** URLs among other things. */
export const KIND_URL_LIST = 10;
export const KIND_VIA = 11;
export const KINDS_COUNT = 12;

/** Names of each kind, as far as they are known; every other field is text. */
const NAMES_OF_KINDS: readonly (readonly [number, readonly string[]])[] = [
  [KIND_CREDENTIALS, ['authorization', 'proxy-authorization']],
  [KIND_COOKIES, ['cookie', 'cookie2']],
  [KIND_SET_COOKIE, ['set-cookie', 'set-cookie2']],
  [KIND_URL, URL_FIELDS],
  [KIND_URL_LIST, URL_LIST_FIELDS],
  [KIND_HOST, HOST_FIELDS],
  [KIND_ADDRESSES, ADDRESS_FIELDS],
  [KIND_FORWARDED, ['forwarded']],
  [KIND_VIA, ['via']],
  [KIND_PRODUCTS, ['user-agent', 'server']],
  [KIND_FRAMING, [FIELD_NAMES[FIELD_CONTENT_LENGTH], FIELD_NAMES[FIELD_TRANSFER_ENCODING]]],
];

/** By slot: what is done with a field. */
export interface FieldPlan {
  readonly kinds: Uint8Array;
  readonly modes: Uint8Array;
  /** 1: the operator has asked for the mode, so that of credentials not even the user name stays. */
  readonly isAsked: Uint8Array;
  readonly slotsCount: number;
}

export function createFieldPlan(
  headers: FieldModes,
  namedFields: readonly NamedField[],
): FieldPlan {
  const slotsCount = Math.max(FIELDS_COUNT, ...namedFields.map(({ slot }) => slot + 1));
  const kinds = new Uint8Array(slotsCount);
  const modes = new Uint8Array(slotsCount);
  const isAsked = new Uint8Array(slotsCount);
  const names = [...FIELD_NAMES];
  for (const { name, slot } of namedFields) {
    names[slot] = name;
  }
  names.forEach((name, slot) => {
    const own = findOwnMode(headers, name);
    kinds[slot] = findKind(name);
    modes[slot] = own ?? findDefaultMode(headers, name, kinds[slot]);
    isAsked[slot] = own !== undefined || headers.default === 'redact' ? 1 : 0;
  });
  return { kinds, modes, isAsked, slotsCount };
}

function findKind(name: string): number {
  const found = NAMES_OF_KINDS.find(([, names]) => names.includes(name));
  return found === undefined ? KIND_TEXT : found[0];
}

/** The mode that the operator has given to a field by its name, whose case means nothing. */
function findOwnMode(headers: FieldModes, name: string): Mode | undefined {
  const own = headers.byName.findLast(
    ([ownName]) => ownName.replace(IGNORES_CASE, '').toLowerCase() === name,
  );
  return own && createNameModes({ default: own[1], byName: [] }, 'keep').defaultMode;
}

/** Drop as the default takes every field; a milder default leaves those alone that have a rule of their own. */
function findDefaultMode(headers: FieldModes, name: string, kind: number): Mode {
  const { defaultMode } = createNameModes(headers, 'keep');
  if (defaultMode === MODE_DROP) {
    return MODE_DROP;
  }
  if (kind === KIND_COOKIES || kind === KIND_SET_COOKIE) {
    return MODE_KEEP;
  }
  return kind === KIND_CREDENTIALS || isCredentialField(name) ? MODE_REDACT : defaultMode;
}
