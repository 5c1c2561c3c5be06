/** What is known of header fields by their names, which are in lower case. */

/** Addresses of the client, with commas between them where there are several. */
export const ADDRESS_FIELDS: readonly string[] = [
  ...['x-forwarded-for', 'x-real-ip', 'x-client-ip', 'client-ip', 'true-client-ip', 'remote-addr'],
  ...['cf-connecting-ip', 'cf-connecting-ipv6', 'cf-pseudo-ipv4', 'fastly-client-ip'],
  ...['x-cluster-client-ip', 'x-original-forwarded-for', 'x-envoy-external-address'],
  ...['x-forwarded', 'forwarded-for', 'x-remote-addr', 'x-remote-ip', 'x-originating-ip'],
  ...['x-appengine-user-ip', 'x-azure-clientip', 'x-azure-socketip', 'fly-client-ip'],
  ...['do-connecting-ip', 'x-nf-client-connection-ip', 'proxy-client-ip', 'wl-proxy-client-ip'],
  ...['x-vercel-forwarded-for', 'x-vercel-proxied-for', 'cloudfront-viewer-address'],
  ...['x-proxyuser-ip', 'ali-cdn-real-ip', 'cdn-src-ip', 'x-user-ip', 'x-source-ip'],
  ...['http-client-ip', 'http-x-forwarded-for', 'x-forwarded-client-ip', 'x-real-client-ip'],
];

/** One URL, or its path with the query. */
export const URL_FIELDS: readonly string[] = [
  ...['referer', 'location', 'content-location', 'origin', 'destination', 'referrer'],
  ...['x-original-url', 'x-original-uri', 'x-rewrite-url', 'x-forwarded-uri', 'x-forwarded-url'],
  ...['x-request-uri', 'x-request-url', 'x-envoy-original-path', 'x-forwarded-path'],
  ...['x-accel-redirect', 'x-referer', 'hx-current-url', 'hx-redirect', 'hx-location'],
  ...['access-control-allow-origin', 'sourcemap', 'x-sourcemap', 'x-wap-profile', 'profile'],
  ...['content-base', 'x-pingback', 'x-redirect-by', 'uri'],
];

/** URLs among other things, to which a `;` may belong. */
export const URL_LIST_FIELDS: readonly string[] = ['link', 'refresh', 'alt-svc', 'ping-to'];

/** A name with a port, which has no user name before it unless the client made a mistake. */
export const HOST_FIELDS: readonly string[] = [
  ...['host', 'x-forwarded-host', 'x-original-host', 'x-host', 'x-forwarded-server', 'x-http-host'],
];

/**
 * Parts of names, between `-`, `_` and `.`, that are given to what lets someone in: what Elastic APM, Sentry,
 * Datadog and the loggers of proxies hide, less the words that only sound so.
 */
const CREDENTIAL_WORD = new RegExp(
  '(?:^|[-_.])(?:' +
    '[a-z0-9]*(?:token|secret|passw(?:or)?d|passphrase|passcode|userpass|sessid|sessionid)|' +
    '(?:[a-z0-9]*(?:api|app|auth|access|private|secret|session|security|shared))?key|' +
    '(?:[a-z0-9]*(?:user|client|master|account|license|admin|service))key|' +
    'pass(?!-through)|sid|bearer|saml|pwd|auth|authorization|authentication|session|credentials?|' +
    'principal|jwt|assertion|signature|hmac|csrf|xsrf|otp|dpop|wsse|cookie2?' +
    ')(?:[-_.]|$)',
);

/** Has such a word, and is none: caches, repeated requests, and what everybody may know. */
const NO_CREDENTIAL =
  /^(?:access-control-.*|(?:x-)?(?:idempotency|surrogate|cache)-key|sec-websocket-key|public-key-pins.*)$/;

/** Of credentials whose names do not say it. */
const CREDENTIAL_FIELDS = new Set([
  ...['x-amzn-oidc-data', 'x-amzn-oidc-identity', 'x-honeycomb-team'],
  // Browsers give a WebSocket no other field: Kubernetes and AppSync take bearer tokens in it.
  'sec-websocket-protocol',
]);

/** Says whether the value of a field is hidden unless the operator says otherwise of it by name. */
export function isCredentialField(name: string): boolean {
  return CREDENTIAL_FIELDS.has(name) || (CREDENTIAL_WORD.test(name) && !NO_CREDENTIAL.test(name));
}
