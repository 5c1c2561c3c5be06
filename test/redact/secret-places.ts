/** Places where something secret can stand in an exchange, each with an exchange that has it there. */

export interface SecretPlace {
  name: string;
  /** A credential: no output may show it without being told to. */
  isCredential: boolean;
  /** Why it is there still when everything is dropped; undefined: it is not. */
  why: string | undefined;
  requestHead: string;
  responseHead: string;
}

/** Fields that outputs are asked for besides their own. */
export const SECRET_FIELDS: readonly string[] = [
  ...['authorization', 'proxy-authorization', 'cookie', 'set-cookie', 'x-api-key', 'api-key'],
  ...[
    'x-auth-token',
    'x-amz-security-token',
    'x-csrf-token',
    'x-note',
    'origin',
    'link',
    'refresh',
  ],
  ...['content-location', 'authentication-info', 'x-session-id', 'dpop', 'destination', 'via'],
];

const TARGETS_OWN = 'what a request asks for is shown; a pattern hides it';

type Say = (secret: string) => string;

/** Each with a secret of its own, which no pattern that is built in takes for something. */
export function secretOf(index: number): string {
  return `Zq${String(index).padStart(3, '0')}Vx9Rt`;
}

const basic = (credentials: string) => `Basic ${Buffer.from(credentials).toString('base64')}`;

const place = (
  name: string,
  isCredential: boolean,
  requestHead: Say,
  responseHead: Say = () => 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
  why?: string,
) => ({ name, isCredential, requestHead, responseHead, why });

const ask = (line: string, ...fields: string[]) =>
  `${line} HTTP/1.1\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;

const PLAIN = ask('GET /', 'Host: h');
/** Up to its length: a connection over TCP and IPv4 that a proxy passes on. */
const PROXY_V2 = '\r\n\r\n\0\r\nQUIT\n\x21\x11';
const ENDS = '\x0a\0\0\x07\x0a\0\0\x08\x15\x33\0\x50';

const inTarget = (name: string, isCredential: boolean, target: Say, why?: string) =>
  place(name, isCredential, (secret) => ask(`GET ${target(secret)}`, 'Host: h'), undefined, why);

const inField = (name: string, isCredential: boolean, field: Say) =>
  place(name, isCredential, (secret) => ask('GET /', 'Host: h', field(secret)));

const inAnswer = (name: string, isCredential: boolean, field: Say) =>
  place(
    name,
    isCredential,
    () => ask('GET /', 'Host: h'),
    (secret) => `HTTP/1.1 200 OK\r\n${field(secret)}\r\nContent-Length: 0\r\n\r\n`,
  );

const TARGETS = [
  inTarget('path', false, (s) => `/reset/${s}`, TARGETS_OWN),
  inTarget('path, encoded', false, (s) => `/reset/%5A${s.slice(1)}`, TARGETS_OWN),
  inTarget('URL in the path, encoded', false, (s) => `/go/http%3A%2F%2Fu%3A${s}%40h`, TARGETS_OWN),
  inTarget('host of an absolute target', false, (s) => `http://${s}.example/`, TARGETS_OWN),
  place('host of CONNECT', false, (s) => ask(`CONNECT ${s}:443`), undefined, TARGETS_OWN),
  place('user information of CONNECT', true, (s) => ask(`CONNECT u:${s}@h:443`)),
  inTarget('password in an absolute target', true, (s) => `http://u:${s}@h/`),
  inTarget('user name in an absolute target', true, (s) => `http://${s}@h/`),
  inTarget('password with @ in an absolute target', true, (s) => `http://u:a@${s}@h/`),
  inTarget('password in a target without a scheme', true, (s) => `//u:${s}@h/`),
  inTarget('password in a URL in the path', true, (s) => `/go/http://u:${s}@h/`),
  inTarget('password in a URL in the query', true, (s) => `/go?to=http://u:${s}@h/`),
  inTarget('password in a URL in the query, encoded', false, (s) => `/go?to=http%3A//u%3A${s}%40h`),
  inTarget(';jsessionid= of the path', true, (s) => `/cart;jsessionid=${s}?a=b`),
  inTarget(';PHPSESSID= behind another parameter', true, (s) => `/a;v=1/b;PHPSESSID=${s}/c`),
  inTarget('another parameter of the path', false, (s) => `/a;token=${s}/b`),
  inTarget('a parameter of the path without a name', false, (s) => `/a;${s}/b`),
  inTarget('a parameter of the path behind %3B', false, (s) => `/a%3Btoken=${s}/b`),
  inTarget('?token=', false, (s) => `/p?token=${s}`),
  inTarget('?Token=', false, (s) => `/p?a=1&Token=${s}`),
  inTarget('?%74oken=', false, (s) => `/p?%74oken=${s}`),
  inTarget('?a[token]=', false, (s) => `/p?a[token]=${s}`),
  inTarget('?+token=', false, (s) => `/p?+token=${s}`),
  inTarget('?token%00=', false, (s) => `/p?token%00=${s}`),
  inTarget('?%2574oken=', false, (s) => `/p?%2574oken=${s}`),
  inTarget('a URL in a parameter', false, (s) => `/p?to=https%3A%2F%2Fx%2F%3Ftoken%3D${s}%26b`),
  inTarget(
    'a URL in a URL in a parameter',
    false,
    (s) => `/p?to=%2F%3Fto%3D%252F%253Ftoken%253D${s}`,
  ),
  inTarget('?a=b;token=', false, (s) => `/p?a=b;token=${s}`),
  inTarget('?a=b?token=', false, (s) => `/p?a=b?token=${s}`),
  inTarget('a parameter without a name', false, (s) => `/p?${s}`),
  inTarget('the name of a parameter', false, (s) => `/p?${s}=1`),
  inTarget('#token=', false, (s) => `/p#token=${s}`),
  inTarget('a fragment', false, (s) => `/p?a=b#${s}`),
  inTarget('a field behind a bare return in the target', true, (s) => `/p\rCookie: sid=${s}`),
  place('a field behind a bare return in a cut line', true, (s) => `GET / HTTP/1.1\rCookie: ${s}`),
  place('a query in a cut line', false, (s) => `GET /p?token=${s}`),
];

const REQUEST_FIELDS = [
  place('Host', false, (s) => ask('GET /', `Host: ${s}.example`)),
  place('user information in Host', true, (s) => ask('GET /', `Host: u:${s}@h`)),
  place('a field behind a bare return in Host', true, (s) => ask('GET /', `Host: h\rCookie: ${s}`)),
  inField('User-Agent', false, (s) => `User-Agent: ${s}`),
  inField(
    'a field behind a bare return in User-Agent',
    true,
    (s) => `User-Agent: a\rAuthorization: ${s}`,
  ),
  inField('Referer: path', false, (s) => `Referer: http://h/${s}`),
  inField('Referer: query', false, (s) => `Referer: http://h/?token=${s}`),
  inField('Referer: password', true, (s) => `Referer: http://u:${s}@h/`),
  inField('Referer: ;jsessionid=', true, (s) => `Referer: http://h/a;jsessionid=${s}`),
  inField('Referer: fragment', false, (s) => `Referer: http://h/#token=${s}`),
  inField('Origin: password', true, (s) => `Origin: http://u:${s}@h`),
  inField('Destination: password', true, (s) => `Destination: http://u:${s}@h/`),
  inField('Authorization: Bearer', true, (s) => `Authorization: Bearer ${s}`),
  inField('Authorization: one word', true, (s) => `Authorization: ${s}`),
  inField('Authorization: first of two words', true, (s) => `Authorization: ${s} and more`),
  inField('Authorization: second of two words', true, (s) => `Authorization: mine ${s}`),
  inField('Authorization: Digest', true, (s) => `Authorization: Digest username="${s}"`),
  inField('Basic: password', true, (s) => `Authorization: ${basic(`ann:${s}`)}`),
  inField('Basic: user name', false, (s) => `Authorization: ${basic(`${s}:password`)}`),
  inField('Basic: user name without a password', true, (s) => `Authorization: ${basic(`${s}:`)}`),
  inField(
    'Basic: user name with a placeholder',
    true,
    (s) => `Authorization: ${basic(`${s}:x-oauth-basic`)}`,
  ),
  inField(
    'Basic: user name like a key',
    true,
    (s) => `Authorization: ${basic(`sk_live_${s}0123:password`)}`,
  ),
  inField('Basic that is not base64', true, (s) => `Authorization: Basic ${s}-_`),
  inField('Proxy-Authorization: Bearer', true, (s) => `Proxy-Authorization: Bearer ${s}`),
  inField('Proxy-Authorization: Basic', true, (s) => `Proxy-Authorization: ${basic(`ann:${s}`)}`),
  inField('Cookie', true, (s) => `Cookie: a=b; sid=${s}`),
  inField('Cookie without a name', true, (s) => `Cookie: ${s}`),
  inField('Cookie in quotes', true, (s) => `Cookie: a="b; ${s}"`),
  inField('Cookie behind a comma', true, (s) => `Cookie: a=b, sid=${s}`),
  inField('the name of a cookie', false, (s) => `Cookie: ${s}=1`),
  inField('X-Api-Key', true, (s) => `X-Api-Key: ${s}`),
  inField('Api-Key', true, (s) => `Api-Key: ${s}`),
  inField('X-Auth-Token', true, (s) => `X-Auth-Token: ${s}`),
  inField('X-Amz-Security-Token', true, (s) => `X-Amz-Security-Token: ${s}`),
  inField('X-CSRF-Token', true, (s) => `X-CSRF-Token: ${s}`),
  inField('X-Session-ID', true, (s) => `X-Session-ID: ${s}`),
  inField('DPoP', true, (s) => `DPoP: ${s}`),
  inField("a field of one's own", false, (s) => `X-Note: ${s}`),
  inField("password in a field of one's own", true, (s) => `X-Note: see http://u:${s}@h/`),
  inField('X-Forwarded-For', false, (s) => `X-Forwarded-For: ${s}`),
  inField('Forwarded', false, (s) => `Forwarded: for=_${s}`),
  inField(
    'X-Forwarded-For: a further line',
    false,
    (s) => `X-Forwarded-For: 192.0.2.9\r\nX-Forwarded-For: ${s}\r\nX-Forwarded-For: ${s}`,
  ),
  inField('Forwarded: a further line', false, (s) => `Forwarded: for=a\r\nForwarded: for=_${s}`),
  place('PROXY header of version 1', false, (s) => `PROXY UNKNOWN ${s}\r\n${PLAIN}`),
  place(
    'TLV of a PROXY header of version 2',
    false,
    (s) =>
      `${PROXY_V2}\0${String.fromCharCode(12 + 3 + s.length)}${ENDS}\x02\0${String.fromCharCode(s.length)}${s}${PLAIN}`,
  ),
  inField('Via', false, (s) => `Via: 1.1 ${s}`),
  inField('X-Request-ID', false, (s) => `X-Request-ID: ${s}`),
  inField('X-Correlation-ID', false, (s) => `X-Correlation-ID: ${s}`),
  inField('traceparent', false, (s) => `traceparent: ${s}`),
  inField(
    'Content-Type of a request',
    false,
    (s) => `Content-Type: multipart/mixed; boundary=${s}`,
  ),
  inField(
    'Authorization for the second time',
    true,
    (s) => `Authorization: Bearer a\r\nAuthorization: ${s}`,
  ),
  inField('a line that goes on', true, (s) => `X-Note: a\r\n Cookie: ${s}`),
  inField('a space before the colon', true, (s) => `Authorization : ${s}`),
  place('body of a request', true, (s) => `${ask('POST /', 'Host: h', 'Content-Length: 10')}${s}`),
];

const RESPONSE_FIELDS = [
  place(
    'reason phrase',
    false,
    () => ask('GET /', 'Host: h'),
    (s) => `HTTP/1.1 200 ${s}\r\nContent-Length: 0\r\n\r\n`,
  ),
  place(
    'a field behind a bare return in the status line',
    true,
    () => ask('GET /', 'Host: h'),
    (s) => `HTTP/1.1 200 OK\rSet-Cookie: ${s}\r\nContent-Length: 0\r\n\r\n`,
  ),
  inAnswer('Location: path', false, (s) => `Location: /${s}`),
  inAnswer('Location: query', false, (s) => `Location: /?token=${s}`),
  inAnswer('Location: password', true, (s) => `Location: http://u:${s}@h/`),
  inAnswer('Location: ;jsessionid=', true, (s) => `Location: /a;jsessionid=${s}`),
  inAnswer('Content-Location: password', true, (s) => `Content-Location: http://u:${s}@h/`),
  inAnswer('Link: password', true, (s) => `Link: <http://u:${s}@h/>; rel=next`),
  inAnswer('Link: query', false, (s) => `Link: </?token=${s}>; rel=next`),
  inAnswer('Refresh: password', true, (s) => `Refresh: 5; url=http://u:${s}@h/`),
  inAnswer('Refresh: query', false, (s) => `Refresh: 5; url=/?token=${s}`),
  inAnswer('Set-Cookie', true, (s) => `Set-Cookie: sid=${s}; Path=/`),
  inAnswer('Set-Cookie without a name', true, (s) => `Set-Cookie: ${s}`),
  inAnswer('Set-Cookie: Comment', true, (s) => `Set-Cookie: sid=a; Comment=${s}`),
  inAnswer('Set-Cookie: Path', false, (s) => `Set-Cookie: sid=a; Path=/${s}`),
  inAnswer('Set-Cookie: Path that is none', true, (s) => `Set-Cookie: sid=a; Path=${s}`),
  inAnswer('Set-Cookie: Domain', false, (s) => `Set-Cookie: sid=a; Domain=${s}.example`),
  inAnswer('Set-Cookie: Secure with a value', true, (s) => `Set-Cookie: sid=a; Secure=${s}`),
  inAnswer('Set-Cookie: an attribute without a cookie', true, (s) => `Set-Cookie: ; ${s}`),
  inAnswer('Set-Cookie: Path without a cookie', true, (s) => `Set-Cookie: Path=/${s}`),
  inAnswer('Set-Cookie: a second cookie', true, (s) => `Set-Cookie: a=b; Path=/, sid=${s}`),
  inAnswer('Authentication-Info', true, (s) => `Authentication-Info: rspauth="${s}"`),
  inAnswer('Server', false, (s) => `Server: ${s}`),
  inAnswer('Content-Type', false, (s) => `Content-Type: text/html; charset=${s}`),
  inAnswer('Content-Length that is none', false, (s) => `Content-Length: ${s}`),
  inAnswer(
    'a field behind a bare return in Content-Type',
    true,
    (s) => `Content-Type: a\rSet-Cookie: ${s}`,
  ),
  place(
    'trailer',
    true,
    () => ask('GET /', 'Host: h'),
    (s) => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Note: ${s}\r\n\r\n`,
  ),
];

/** In the order of the table. */
export const SECRET_PLACES: readonly SecretPlace[] = [
  ...TARGETS,
  ...REQUEST_FIELDS,
  ...RESPONSE_FIELDS,
].map(({ requestHead, responseHead, ...rest }, index) => ({
  ...rest,
  requestHead: requestHead(secretOf(index)),
  responseHead: responseHead(secretOf(index)),
}));
