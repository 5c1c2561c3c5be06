import { describe, expect, test } from 'vitest';
import { isCredentialField } from '../../src/redact/field-names.ts';
import type { FieldModes, RedactionMode } from '../../src/redact/redaction-settings.ts';
import { redact, textOf, visibleText, withFields, withTarget } from './redact.ts';

/** Credentials wherever they stand, hidden without being asked for. */

function modes(
  fallback: RedactionMode | undefined,
  byName: Record<string, RedactionMode> = {},
): FieldModes {
  return { default: fallback, byName: Object.entries(byName) };
}

function basic(credentials: string): string {
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}

/** One field of a request, or of a response where its name says so. */
function fieldOf(name: string, value: string, settings = {}): string | undefined {
  const isResponse = /^(set-cookie2?|refresh|link|content-location|location)$/i.test(name);
  const head = `${name}: ${value}\r\n\r\n`;
  const { fields } = redact(settings, {
    requestHead: isResponse ? null : `GET / HTTP/1.1\r\n${head}`,
    responseHead: isResponse ? `HTTP/1.1 200 OK\r\n${head}` : null,
    names: [name.toLowerCase()],
  });
  return fields[name.toLowerCase()];
}

describe('user information in a URL', () => {
  test.each([
    ['http://ann:secret@h/p', 'http://REDACTED@h/p'],
    ['http://secret@h/p?q=a@b', 'http://REDACTED@h/p?q=a@b'],
    ['http://ann:se@cret@h:80', 'http://REDACTED@h:80'],
    ['http:/ann:secret@h/p', 'http:/REDACTED@h/p'],
    ['http:\\\\ann:secret@h/p', 'http:\\\\REDACTED@h/p'],
    ['//ann:secret@h/p', '//REDACTED@h/p'],
    ['ann:secret@h:443', 'REDACTED@h:443'],
    ['/go/http://ann:secret@h/p', '/go/http://REDACTED@h/p'],
    ['/go?to=http://ann:secret@h/p', '/go?to=http://REDACTED@h/p'],
    ['/@ann/a//b@c', '/@ann/a//b@c'],
    ['http://@h/', 'http://@h/'],
    ['h:443', 'h:443'],
  ])('of the target: %s becomes %s', (target, expected) => {
    expect(redact({}, withTarget(target)).target).toBe(expected);
  });

  // What ends before the `@` is not known for what it is: only a head that goes on elsewhere ends so.
  test.each([
    ['GET http://ann:secret', 'http://REDACTED'],
    ['GET http://ann:123456', 'http://REDACTED'],
    ['GET /go?to=http://ann:secret', '/go?to=http://REDACTED'],
    ['CONNECT ann:secret', 'REDACTED'],
    ['CONNECT h:443', 'h:443'],
    ['GET http://[2001:db8::7]:80', 'http://[2001:db8::7]:80'],
    ['GET http://h:8080', 'http://h:8080'],
    ['GET /a:b', '/a:b'],
  ])('that the capture has cut: %s', (requestHead, expected) => {
    expect(redact({}, { requestHead, responseHead: null }).target).toBe(expected);
  });

  test.each([
    ['Referer', 'http://ann:secret', 'http://REDACTED'],
    ['Host', 'ann:secret', 'REDACTED'],
    ['Host', 'h:80', 'h:80'],
    ['X-Note', 'see http://ann:secret', 'see http://REDACTED'],
  ])('that the capture has cut, in %s', (name, value, expected) => {
    const requestHead = `GET / HTTP/1.1\r\n${name}: ${value}`;
    const { fields } = redact({}, { requestHead, responseHead: null, names: ['x-note'] });
    expect(fields[name.toLowerCase()]).toBe(expected);
  });

  test.each([
    ...['Referer', 'Location', 'Content-Location', 'Origin', 'Destination', 'X-Original-URL'],
    ...['Access-Control-Allow-Origin', 'X-Note'],
  ])('of %s is hidden', (name) => {
    expect(fieldOf(name, 'https://ann:secret@h/p')).toBe('https://REDACTED@h/p');
  });

  test.each([
    [
      'Link',
      '<http://a:secret@h/>; rel=next, <//b:c@h/>',
      '<http://REDACTED@h/>; rel=next, <//REDACTED@h/>',
    ],
    ['Refresh', '5; url=http://a:secret@h/', '5; url=http://REDACTED@h/'],
    ['Refresh', "0;URL='//a:secret@h/'", "0;URL='//REDACTED@h/'"],
    ['Host', 'a:secret@h:80', 'REDACTED@h:80'],
    ['X-Forwarded-Host', 'a:secret@h', 'REDACTED@h'],
  ])('of %s: %s becomes %s', (name, value, expected) => {
    expect(fieldOf(name, value)).toBe(expected);
  });

  test('is kept with the field, or with Authorization for the target', () => {
    const headers = modes(undefined, { referer: 'keep', authorization: 'keep' });
    expect(fieldOf('Referer', 'http://a:b@h/', { headers })).toBe('http://a:b@h/');
    expect(redact({ headers }, withTarget('http://a:b@h/')).target).toBe('http://a:b@h/');
  });

  test('is counted with the sessions of paths', () => {
    const parts = withTarget('http://a:b@h/p;jsessionid=x');
    expect(redact({}, parts).counts).toEqual({ url: 2 });
  });
});

describe('sessions in the path', () => {
  test.each([
    ['/cart;jsessionid=1A2B.n1!3', '/cart;jsessionid=REDACTED'],
    [
      '/a;JSESSIONID=x;v=1/b;PHPSESSID=y?q=1',
      '/a;JSESSIONID=REDACTED;v=1/b;PHPSESSID=REDACTED?q=1',
    ],
    ['/a;v=1;jsessionid=?q', '/a;v=1;jsessionid=?q'],
    ['/a;xjsessionid=1', '/a;xjsessionid=1'],
    ['/jsessionid=1', '/jsessionid=1'],
    ['/a;jsessionid', '/a;jsessionid'],
  ])('%s becomes %s', (target, expected) => {
    expect(redact({}, withTarget(target)).target).toBe(expected);
    expect(fieldOf('Referer', `http://h${target}`)).toBe(`http://h${expected}`);
  });

  test('stay when the name is kept', () => {
    const query = modes(undefined, { JSessionID: 'keep' });
    expect(redact({ query }, withTarget('/a;jsessionid=x')).target).toBe('/a;jsessionid=x');
  });
});

describe('Authorization', () => {
  test.each([
    ['mysecret token', 'REDACTED'],
    ['s3cr3t-word and more', 'REDACTED'],
    ['DPoP abc', 'DPoP REDACTED'],
    ['ApiKey abc', 'ApiKey REDACTED'],
    ['SCRAM-SHA-256 n,,n=user', 'SCRAM-SHA-256 REDACTED'],
    [basic('sk_live_4eC39HqLyjW:'), basic('REDACTED:REDACTED')],
    [basic('ghp_16C7e42F292c6912E7:x-oauth-basic'), basic('REDACTED:REDACTED')],
    [basic('key:x'), basic('REDACTED:REDACTED')],
    [basic('5f1c9a77c2b04e1d9d6a:anything'), basic('REDACTED:REDACTED')],
    [
      basic('ann.the.administrator@shop1.example:secret'),
      basic('ann.the.administrator@shop1.example:REDACTED'),
    ],
    [basic('a-long-name-without-digits:secret'), basic('a-long-name-without-digits:REDACTED')],
  ])('%s becomes %s', (value, expected) => {
    expect(fieldOf('Authorization', value)).toBe(expected);
  });

  test('loses its user name too when redaction is asked for', () => {
    const hidden = basic('REDACTED:REDACTED');
    const value = basic('ann:secret');
    const asked = modes(undefined, { authorization: 'redact' });
    expect(fieldOf('Authorization', value, { headers: asked })).toBe(hidden);
    expect(fieldOf('Authorization', value, { headers: modes('redact') })).toBe(hidden);
    expect(fieldOf('Authorization', value, { headers: modes('keep') })).toBe(basic('ann:REDACTED'));
  });
});

describe('fields that are credentials by their name', () => {
  test.each([
    ...['X-Api-Key', 'Api-Key', 'ApiKey', 'X-Auth-Token', 'X-Amz-Security-Token', 'X-CSRF-Token'],
    ...['Private-Token', 'X-Vault-Token', 'X-Goog-Api-Key', 'Ocp-Apim-Subscription-Key', 'DPoP'],
    ...['X-Shopify-Access-Token', 'X-Hub-Signature-256', 'CF-Access-Client-Secret', 'X-Session-ID'],
    ...['X-Amzn-Oidc-Data', 'X-Goog-IAP-JWT-Assertion', 'Authentication-Info', 'X-AuthToken'],
    ...['X-Forwarded-Access-Token', 'X-MS-Client-Principal', 'X-CSRFToken', 'X-Password'],
    ...['OK-Access-Passphrase', 'X-WSSE', 'X-GitHub-OTP', 'X-Original-Authorization', 'X_API_KEY'],
  ])('%s is hidden, and kept by its name', (name) => {
    expect(fieldOf(name, 's3cr3t and more')).toBe('REDACTED');
    const headers = modes(undefined, { [name]: 'keep' });
    expect(fieldOf(name, 's3cr3t and more', { headers })).toBe('s3cr3t and more');
  });

  test.each([
    ...['Idempotency-Key', 'Surrogate-Key', 'X-Cache-Key', 'Sec-WebSocket-Key', 'X-Author', 'ETag'],
    ...['Access-Control-Allow-Credentials', 'X-RateLimit-Remaining-Tokens', 'WWW-Authenticate'],
    ...['X-Request-ID', 'Traceparent', 'User-Agent', 'Keep-Alive', 'Monkey', 'X-Tokenizer'],
    ...['X-Pass-Through', 'X-Passenger', 'Sides', 'X-Hotkey', 'Surrogate-Keys'],
  ])('%s is none', (name) => {
    expect(isCredentialField(name.toLowerCase())).toBe(false);
  });

  test.each([
    ...['X-SecretKey', 'X-PrivateKey', 'X-SessionKey', 'X-MasterKey', 'X-ClientKey', 'X-AppKey'],
    ...[
      'X-SharedKey',
      'X-UserKey',
      'X-Passcode',
      'X-User-Pass',
      'X-UserPass',
      'X-Bearer',
      'X-SAML',
    ],
    ...['SID', 'X-Sid', 'X-PHPSESSID', 'Sec-WebSocket-Protocol'],
  ])('%s is one of those whose names run together', (name) => {
    expect(isCredentialField(name.toLowerCase())).toBe(true);
  });

  test('(?i) before the name of a field changes nothing', () => {
    const headers = modes(undefined, { '(?i)X-Note': 'redact' });
    expect(fieldOf('X-Note', 'secret', { headers })).toBe('REDACTED');
  });
});

describe('Set-Cookie', () => {
  test.each([
    ['sid=a; Comment=secret', 'sid=REDACTED; Comment=REDACTED'],
    ['sid=a; Path=secret; Domain=se:cret', 'sid=REDACTED; Path=REDACTED; Domain=REDACTED'],
    ['sid=a; Path=/x; Domain=.h.example', 'sid=REDACTED; Path=/x; Domain=.h.example'],
    ['sid=a; HttpOnly=secret; Secure=', 'sid=REDACTED; HttpOnly=REDACTED; Secure='],
    ['sid=a; Expires=secret; Max-Age=secret', 'sid=REDACTED; Expires=REDACTED; Max-Age=REDACTED'],
    [
      'sid=a; Expires=Wed, 21-Oct-26 07:28:00 GMT',
      'sid=REDACTED; Expires=Wed, 21-Oct-26 07:28:00 GMT',
    ],
    ['sid=a; Max-Age=-1; Version=1', 'sid=REDACTED; Max-Age=-1; Version=1'],
    ['sid=a; SameSite=secret; Priority=High', 'sid=REDACTED; SameSite=REDACTED; Priority=High'],
    ['; secret; Path=/', '; REDACTED; Path=/'],
    ['Path=/secret', 'Path=REDACTED'],
    ['secret', 'REDACTED'],
  ])('%s becomes %s', (value, expected) => {
    expect(fieldOf('Set-Cookie', value)).toBe(expected);
  });

  const value = 'sid=a; Path=/p; Domain=h';

  test('attributes follow the mode of their name, else that of header fields', () => {
    const cookies = modes(undefined, { path: 'redact', Domain: 'drop' });
    expect(fieldOf('Set-Cookie', value, { cookies })).toBe('sid=REDACTED; Path=REDACTED');
    expect(fieldOf('Set-Cookie', value, { headers: modes('redact') })).toBe(
      'sid=REDACTED; Path=REDACTED; Domain=REDACTED',
    );
  });

  test('a cookie that is kept ends where the next one begins', () => {
    const cookies = modes(undefined, { theme: 'keep' });
    const both = 'theme=dark, sid=secret; Path=/, id=secret';
    expect(fieldOf('Set-Cookie', both, { cookies })).toBe(
      'theme=dark, sid=REDACTED; Path=REDACTED',
    );
    expect(fieldOf('Cookie', 'theme=a,b, sid=secret; x=y', { cookies })).toBe(
      'theme=a,b, sid=REDACTED; x=REDACTED',
    );
    const sid = modes('keep', { sid: 'redact' });
    expect(fieldOf('Set-Cookie', 'a=b; Path=/, sid=secret', { cookies: sid })).toBe(
      'a=b; Path=/, sid=REDACTED',
    );
  });

  test('names without regard to case', () => {
    const cookies = modes('keep', { '(?i)sid': 'redact' });
    expect(fieldOf('Cookie', 'SID=secret; Sid=secret; side=x', { cookies })).toBe(
      'SID=REDACTED; Sid=REDACTED; side=x',
    );
  });

  test('Set-Cookie2 and Cookie2 are the same', () => {
    expect(fieldOf('Set-Cookie2', 'sid=a; Version=1')).toBe('sid=REDACTED; Version=1');
    expect(fieldOf('Cookie2', '$Version=1')).toBe('$Version=REDACTED');
  });
});

describe('a carriage return alone that begins another field', () => {
  test.each([
    ['Host', 'h\rAuthorization: secret', 'h\rREDACTED'],
    ['User-Agent', 'a\r\tCookie : sid=secret', 'a\rREDACTED'],
    ['Content-Length', '5\rX-Api-Key:secret', '5\rREDACTED'],
    ['X-Note', 'a\rb\r\rc:secret\rd', 'a\rb\r\rREDACTED'],
    ['X-Note', 'a\rb and c: d', 'a\rb and c: d'],
    ['Referer', 'http://h/\rCookie: secret', 'http://h/\rREDACTED'],
  ])('in %s: %j becomes %j', (name, value, expected) => {
    expect(fieldOf(name, value)).toBe(expected);
    const keep = modes('keep', { [name]: 'keep' });
    expect(fieldOf(name, value, { headers: keep })).toBe(expected);
  });

  test('in the request line', () => {
    expect(redact({}, withTarget('/p\rCookie: sid=secret')).target).toBe('/p\rREDACTED');
    const cut = { requestHead: 'GET / HTTP/1.1\rHost: h\rCookie: secret', responseHead: null };
    expect(visibleText(redact({}, cut))).not.toContain('secret');
  });

  test.each(['HTTP/1.1 200 OK', 'HTTP/1.1 200', 'HTTP/1.1'])('in the status line: %s', (line) => {
    const redacted = redact({}, { responseHead: `${line}\rSet-Cookie: sid=secret\r\n\r\n` });
    expect(visibleText(redacted)).not.toContain('secret');
    const { exchange } = redacted;
    const { startLineOffset, startLineEnd } = exchange.response;
    expect(textOf(exchange, startLineOffset, startLineEnd)).toBe(`${line}\rREDACTED`);
  });
});

test.each([
  ['redact', 'HTTP/1.1 200 REDACTED'],
  ['drop', 'HTTP/1.1 200 '],
  ['keep', 'HTTP/1.1 200 Fine, Ann'],
] as const)('a mode for all header fields is that of the reason phrase: %s', (mode, expected) => {
  const parts = { ...withFields(), responseHead: 'HTTP/1.1 200 Fine, Ann\r\n\r\n' };
  const { exchange } = redact({ headers: modes(mode) }, parts);
  const { startLineOffset, startLineEnd } = exchange.response;
  expect(textOf(exchange, startLineOffset, startLineEnd)).toBe(expected);
  expect(exchange.statusCode).toBe(200);
});
