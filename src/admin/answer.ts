/** What a path is answered with. */
export interface AdminAnswer {
  statusCode: number;
  contentType: string;
  body: string;
}

/** All that the server ever says. @see RFC 9110 section 15 */
const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Content Too Large',
  421: 'Misdirected Request',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

const TEXT = 'text/plain; charset=utf-8';

/** Methods that are answered. */
export const ADMIN_METHODS: readonly string[] = ['GET', 'HEAD'];

export function plainAnswer(statusCode: number, text: string): AdminAnswer {
  return { statusCode, contentType: TEXT, body: `${text}\n` };
}

/** The answer as it goes to the wire. Every connection has one request only. */
export function renderAnswer(answer: AdminAnswer, method: string): Buffer {
  const { statusCode, contentType, body } = answer;
  const lines = [
    `HTTP/1.1 ${statusCode} ${REASONS[statusCode]}`,
    `Date: ${new Date().toUTCString()}`,
    `Content-Type: ${contentType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    ...(statusCode === 405 ? [`Allow: ${ADMIN_METHODS.join(', ')}`] : []),
    'Connection: close',
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${method === 'HEAD' ? '' : body}`);
}
