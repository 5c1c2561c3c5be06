import { FIELD_AUTHORIZATION, FIELDS_COUNT, type NamedField } from '../http/grammar.ts';
import { IPV6_BYTES } from '../http/read-address.ts';
import { HEAD_BYTES_MAX } from '../limits.ts';
import type { HttpRecord } from '../record/http-record.ts';
import { type AddressChange, createAddressChange } from './anonymize-address.ts';
import { createCredentialsPass } from './authorization.ts';
import { createDraft, type Draft } from './draft.ts';
import {
  createFieldPlan,
  type FieldPlan,
  KIND_ADDRESSES,
  KIND_COOKIES,
  KIND_FORWARDED,
  KIND_HOST,
  KIND_SET_COOKIE,
  KIND_TEXT,
  KIND_URL,
  KIND_URL_LIST,
  KIND_VIA,
  KINDS_COUNT,
} from './field-plan.ts';
import { createNameModes, MODE_KEEP, type Mode, type NameModes } from './name-modes.ts';
import { createSessionsPass } from './path-sessions.ts';
import { createPatternPasses, type PatternPasses } from './pattern-set.ts';
import type { RedactionSettings } from './redaction-settings.ts';

/**
 * Bytes of one value while it is redacted. A mark is longer than what it stands for, at most three times for
 * an address of electronic mail; a value that grows past this is left out.
 */
const DRAFT_BYTES = 4 * HEAD_BYTES_MAX;

/** What must stand in a value before it is worth a closer look. */
export const LOOK_FOR_RETURNS = 0;
const LOOK_FOR_SIGNS = 1;
export const LOOK_ALWAYS = 2;

/** By kind: 1 when a URL may stand in the value. */
export const HAS_URLS = new Uint8Array(KINDS_COUNT);
HAS_URLS[KIND_TEXT] = 1;
HAS_URLS[KIND_URL] = 1;
HAS_URLS[KIND_URL_LIST] = 1;
HAS_URLS[KIND_HOST] = 1;

/** What redacts, made once and used for every record. */
export interface Redactor {
  readonly draft: Draft;
  readonly plan: FieldPlan;
  /** By slot: how much of the field is looked at. */
  readonly looks: Uint8Array;
  readonly query: NameModes;
  readonly cookies: NameModes;
  /** Of Set-Cookie's attributes, and of the reason phrase. */
  readonly attributeMode: Mode;
  readonly reasonMode: Mode;
  /** The operator keeps credentials, and so those in the target. */
  readonly isUserinfoKept: boolean;
  readonly hasPatterns: boolean;
  readonly changeAddress: AddressChange | undefined;
  readonly redactCredentials: (draft: Draft, isUserHidden: boolean) => void;
  readonly redactSessions: (draft: Draft) => number;
  readonly redactPatterns: PatternPasses;
  readonly counts: Float64Array;
  /** An address while it is changed. */
  readonly address: Uint8Array;
}

/** @param counts counted up, by index as `patternNames` has them */
export function createParts(
  settings: RedactionSettings,
  namedFields: readonly NamedField[],
  counts: Float64Array,
  countNames?: readonly string[],
): Redactor {
  const { addresses } = settings;
  const redactPatterns = createPatternPasses(settings, counts, countNames);
  const plan = createFieldPlan(settings.headers, namedFields);
  const query = createNameModes(settings.query, 'keep');
  const cookies = createNameModes(settings.cookies, 'redact');
  const hasPatterns = settings.patterns.length + settings.ownPatterns.length > 0;
  const { defaultMode } = createNameModes(settings.headers, 'keep');
  const activeKinds = [
    cookies.isKept ? [] : [KIND_COOKIES],
    cookies.isKept && defaultMode === MODE_KEEP ? [] : [KIND_SET_COOKIE],
    query.isKept ? [] : [KIND_URL, KIND_URL_LIST],
    addresses === undefined ? [] : [KIND_ADDRESSES, KIND_FORWARDED, KIND_VIA],
  ].flat();
  return {
    draft: createDraft(DRAFT_BYTES),
    plan,
    looks: createLooks(plan, hasPatterns, activeKinds),
    query,
    cookies,
    attributeMode: defaultMode,
    reasonMode: defaultMode,
    isUserinfoKept: plan.modes[FIELD_AUTHORIZATION] === MODE_KEEP,
    hasPatterns,
    changeAddress: addresses === undefined ? undefined : createAddressChange(addresses),
    redactCredentials: createCredentialsPass((user) => redactPatterns(user, false)),
    redactSessions: createSessionsPass(query),
    redactPatterns,
    counts,
    address: new Uint8Array(IPV6_BYTES),
  };
}

/** By slot: how much of a field is looked at. Fields that nothing else can become of cost next to nothing. */
function createLooks(
  { kinds, modes }: FieldPlan,
  hasPatterns: boolean,
  activeKinds: readonly number[],
): Uint8Array {
  return kinds.map((kind, slot) => {
    if (hasPatterns || modes[slot] !== MODE_KEEP || activeKinds.includes(kind)) {
      return LOOK_ALWAYS;
    }
    const isOwnText = kind === KIND_TEXT && slot < FIELDS_COUNT;
    return HAS_URLS[kind] === 1 && !isOwnText ? LOOK_FOR_SIGNS : LOOK_FOR_RETURNS;
  });
}

/** Whether the draft fits behind the record's bytes, with so many more. */
export function hasRoom(draft: Draft, record: HttpRecord, restLength: number): boolean {
  const length = draft.end - draft.offset + restLength;
  return !draft.hasOverflowed && record.bytesEnd + length <= record.bytes.length;
}
