import { decodeBase64, encodeBase64 } from '../base64.ts';
import { copyBytes } from '../bytes.ts';
import { isDigit, skipBlanks } from '../http/grammar.ts';
import {
  BYTE_COLON,
  BYTE_DASH,
  BYTE_SPACE,
  BYTE_UNDERSCORE,
  bytesOf,
  findByte,
  isLetter,
  startsWithText,
} from './byte-classes.ts';
import { createDraft, type Draft, finishPass, openDraft, replaceRange } from './draft.ts';
import { REDACTED } from './name-modes.ts';

/**
 * Schemes that stay readable: those of IANA's registry, and what clouds, forges and older servers use. Any
 * other first word may be the secret itself.
 *
 * @see https://www.iana.org/assignments/http-authschemes
 */
const SCHEMES = [
  ...['basic', 'bearer', 'concealed', 'digest', 'dpop', 'gnap', 'hoba', 'mutual', 'negotiate'],
  ...['oauth', 'privatetoken', 'scram-sha-1', 'scram-sha-256', 'vapid', 'ntlm', 'kerberos', 'aws'],
  ...['aws4-hmac-sha256', 'aws4-ecdsa-p256-sha256', 'goog4-hmac-sha256', 'goog4-rsa-sha256'],
  ...[
    'token',
    'apikey',
    'api-key',
    'key',
    'hawk',
    'signature',
    'sharedkey',
    'sharedkeylite',
    'jwt',
  ],
  ...['sharedaccesssignature', 'googlelogin', 'wsse', 'geniekey', 'ssws', 'splunk', 'mac', 'hmac'],
  ...['tc3-hmac-sha256', 'sdk-hmac-sha256', 'acs3-hmac-sha256', 'fedauth', 'session'],
].map(bytesOf);

/** Bytes of a user name that is kept: an address of electronic mail has up to 254. */
const USER_BYTES_MAX = 256;
/** Bytes of a password that are looked at, to see whether it is one. */
const PASSWORD_BYTES_MAX = 32;
/** A user name of so many letters and digits is a key; names that people have are shorter, or have a dot. */
const KEY_BYTES_MIN = 20;

/** What stands in the place of a password where the user name is the secret. */
const PLACEHOLDERS = ['x-oauth-basic', 'x-token-auth', 'api_token', 'api_key', 'unused'].map(
  bytesOf,
);

const BASIC = bytesOf('basic');
const PASSWORD_REDACTED = bytesOf(':REDACTED');

/**
 * A pass over Authorization or Proxy-Authorization: the scheme stays, `Bearer REDACTED`. Basic credentials
 * become those of the same user with another password, so that formats find the user name where it always is.
 *
 * @param redactUser a user name is a value as any other: patterns are looked for in it
 * @see RFC 9110 section 11.4, RFC 7617 section 2
 */
export function createCredentialsPass(
  redactUser: (user: Draft) => void,
): (draft: Draft, isUserHidden: boolean) => void {
  const user = createDraft(USER_BYTES_MAX * 8);
  const decoded = new Uint8Array(USER_BYTES_MAX + 1 + PASSWORD_BYTES_MAX);
  const credentials = new Uint8Array(USER_BYTES_MAX + PASSWORD_REDACTED.length);
  const encoded = new Uint8Array(Math.ceil(credentials.length / 3) * 4);
  return (draft, isUserHidden) => {
    const { bytes, offset, end } = draft;
    const schemeEnd = findSchemeEnd(bytes, offset, end);
    const start = schemeEnd === -1 ? offset : skipBlanks(bytes, schemeEnd, end);
    const isBasic =
      schemeEnd - offset === BASIC.length && startsWithText(bytes, offset, end, BASIC);
    const decodedLength = isBasic ? decodeBase64(bytes, start, end, decoded) : -1;
    const userLength = findByte(decoded, 0, Math.min(decodedLength, decoded.length), BYTE_COLON);
    if (decodedLength <= userLength || userLength > USER_BYTES_MAX) {
      replaceRange(draft, start, end, REDACTED);
      finishPass(draft);
      return;
    }
    openDraft(user, decoded, 0, userLength);
    redactUser(user);
    // A mark would bring a colon, which ends a user name.
    const isHidden =
      user.isChanged ||
      (userLength > 0 && (isUserHidden || isKey(decoded, userLength, decodedLength)));
    let length = isHidden
      ? copyBytes(credentials, 0, REDACTED, 0, REDACTED.length)
      : copyBytes(credentials, 0, decoded, 0, userLength);
    length = copyBytes(credentials, length, PASSWORD_REDACTED, 0, PASSWORD_REDACTED.length);
    replaceRange(draft, start, end, encoded, encodeBase64(credentials, length, encoded));
    finishPass(draft);
  };
}

/** Where the space behind a scheme stands, or -1 when the value does not begin with one that is known. */
function findSchemeEnd(bytes: Uint8Array, offset: number, end: number): number {
  const at = findByte(bytes, offset, end, BYTE_SPACE);
  if (at === end) {
    return -1;
  }
  for (let index = 0; index < SCHEMES.length; index++) {
    const scheme = SCHEMES[index];
    if (scheme.length === at - offset && startsWithText(bytes, offset, end, scheme)) {
      return at;
    }
  }
  return -1;
}

/** Whether the user name is the secret: nothing is behind the colon that could be one, or it looks like one. */
function isKey(decoded: Uint8Array, userLength: number, decodedLength: number): boolean {
  const passwordOffset = userLength + 1;
  const passwordLength = decodedLength - passwordOffset;
  const isPlaceholder =
    passwordLength <= 1 ||
    PLACEHOLDERS.some(
      (text) =>
        text.length === passwordLength &&
        startsWithText(decoded, passwordOffset, decoded.length, text),
    );
  return isPlaceholder || looksLikeKey(decoded, userLength);
}

function looksLikeKey(bytes: Uint8Array, length: number): boolean {
  let digitsCount = 0;
  let lettersCount = 0;
  for (let at = 0; at < length; at++) {
    const byte = bytes[at];
    if (isDigit(byte)) {
      digitsCount++;
    } else if (isLetter(byte)) {
      lettersCount++;
    } else if (byte !== BYTE_DASH && byte !== BYTE_UNDERSCORE) {
      return false;
    }
  }
  return length >= KEY_BYTES_MIN && digitsCount > 0 && lettersCount > 0;
}
