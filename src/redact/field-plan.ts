import {
  FIELD_CONTENT_LENGTH,
  FIELD_NAMES,
  FIELD_TRANSFER_ENCODING,
  FIELDS_COUNT,
  type NamedField,
} from '../decode/http-grammar.ts';
import { createNameModes, MODE_DROP, MODE_KEEP, MODE_REDACT, type Mode } from './name-modes.ts';
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
/** Numbers and words of the protocol: no pattern is looked for in them. */
export const KIND_FRAMING = 8;

export type FieldKind = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** Names of each kind, as far as they are known; every other field is text. */
const NAMES_OF_KINDS: readonly (readonly [FieldKind, readonly string[]])[] = [
  [KIND_CREDENTIALS, ['authorization', 'proxy-authorization']],
  [KIND_COOKIES, ['cookie']],
  [KIND_SET_COOKIE, ['set-cookie']],
  [
    KIND_URL,
    [
      ...['referer', 'location', 'content-location', 'x-original-url', 'x-original-uri'],
      ...['x-rewrite-url', 'x-forwarded-uri'],
    ],
  ],
  [
    KIND_ADDRESSES,
    [
      ...['x-forwarded-for', 'x-real-ip', 'x-client-ip', 'client-ip', 'true-client-ip'],
      ...['cf-connecting-ip', 'fastly-client-ip', 'x-cluster-client-ip'],
      ...['x-original-forwarded-for', 'x-envoy-external-address'],
    ],
  ],
  [KIND_FORWARDED, ['forwarded']],
  [KIND_PRODUCTS, ['user-agent', 'server']],
  [KIND_FRAMING, [FIELD_NAMES[FIELD_CONTENT_LENGTH], FIELD_NAMES[FIELD_TRANSFER_ENCODING]]],
];

/** Fields whose values are hidden unless the operator says otherwise of them by name. */
const REDACTED_FIELDS = new Set(['authorization', 'proxy-authorization']);
/** Fields that have a class of their own, and stay for it. */
const COOKIE_FIELDS = new Set(['cookie', 'set-cookie']);

/** By slot: what is done with a field. */
export interface FieldPlan {
  readonly kinds: Uint8Array;
  readonly modes: Uint8Array;
  readonly slotsCount: number;
}

export function createFieldPlan(
  headers: FieldModes,
  namedFields: readonly NamedField[],
): FieldPlan {
  const slotsCount = Math.max(FIELDS_COUNT, ...namedFields.map(({ slot }) => slot + 1));
  const kinds = new Uint8Array(slotsCount);
  const modes = new Uint8Array(slotsCount);
  const names = [...FIELD_NAMES];
  for (const { name, slot } of namedFields) {
    names[slot] = name;
  }
  names.forEach((name, slot) => {
    kinds[slot] = findKind(name);
    modes[slot] = findFieldMode(headers, name);
  });
  return { kinds, modes, slotsCount };
}

function findKind(name: string): FieldKind {
  const found = NAMES_OF_KINDS.find(([, names]) => names.includes(name));
  return found === undefined ? KIND_TEXT : found[0];
}

/** Drop as the default takes every field; a milder default leaves those alone that have a rule of their own. */
function findFieldMode(headers: FieldModes, name: string): Mode {
  const { defaultMode } = createNameModes(headers, 'keep');
  const own = headers.byName.findLast(([ownName]) => ownName.toLowerCase() === name);
  if (own !== undefined) {
    return createNameModes({ default: own[1], byName: [] }, 'keep').defaultMode;
  }
  if (defaultMode === MODE_DROP) {
    return MODE_DROP;
  }
  if (REDACTED_FIELDS.has(name)) {
    return MODE_REDACT;
  }
  return COOKIE_FIELDS.has(name) ? MODE_KEEP : defaultMode;
}
