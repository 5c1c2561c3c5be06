import { DIRECTION_KEY_WORDS } from './directions.ts';

/** What has to be known of a message to judge it, as words that can be kept and shared: behind the direction's key */
export const FACT_SEQUENCE = DIRECTION_KEY_WORDS;
export const FACT_RECEIVED = FACT_SEQUENCE + 1;
/** See `writeHead`'s hash: `HASH_*`. */
export const FACT_HASH = FACT_RECEIVED + 1;
/** See `messageTimeMs`. */
export const FACT_TIME = FACT_HASH + 1;
/** Of the head, as far as it was captured. */
export const FACT_HEAD_BYTES = FACT_TIME + 1;
/** Behind the head; NO_BODY_CLAIM where nobody can tell. */
export const FACT_BODY_BYTES = FACT_HEAD_BYTES + 1;
/** FACT_IS_* together. */
export const FACT_FLAGS = FACT_BODY_BYTES + 1;
export const FACT_WORDS = FACT_FLAGS + 1;

export const NO_BODY_CLAIM = -1;

export const FACT_IS_REQUEST = 1;
/** Its method is HEAD. */
export const FACT_IS_HEAD = 2;
/** Its status is that of an interim response. */
export const FACT_IS_INTERIM = 4;
/** The head ends in the captured bytes. */
export const FACT_IS_WHOLE = 8;
/** It was captured on all devices of a host at once, each of which shows a packet on its way through. */
export const FACT_IS_OF_ALL_DEVICES = 16;

/** Packet time as a word: milliseconds, of which the difference counts. */
export function messageTimeMs(timestampSec: number, timestampSubsecNs: number): number {
  return (Math.imul(timestampSec, 1000) + ((timestampSubsecNs / 1e6) | 0)) | 0;
}
