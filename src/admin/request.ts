/** What the admin server reads of a request. */
export interface AdminRequest {
  method: string;
  /** Without its query. */
  path: string;
  /** Undefined where there is none: HTTP/1.0 has no need of it. */
  host: string | undefined;
  hasBody: boolean;
}

const START_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e]+) HTTP\/1\.([01])$/;
const FIELD_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/;

/**
 * Reads the head of a request, without the empty line behind it; null when it is none of HTTP/1.0 or 1.1, or says
 * twice which host it is for. Each connection has one request, so there is no other that it could be mistaken for.
 *
 * @see RFC 9112 sections 2.2, 3 and 5
 */
export function parseAdminRequest(head: string): AdminRequest | null {
  const [startLine, ...fieldLines] = head.split(/\r?\n/);
  const [, method, target, minorVersion] = START_LINE.exec(startLine) ?? [];
  if (method === undefined) {
    return null;
  }
  let host: string | undefined;
  let hasBody = false;
  for (const line of fieldLines) {
    const [, name, value] = FIELD_LINE.exec(line) ?? [];
    if (name === undefined) {
      return null;
    }
    switch (name.toLowerCase()) {
      case 'host':
        if (host !== undefined) {
          return null;
        }
        host = value.trimEnd();
        break;
      case 'content-length':
        hasBody ||= value.trimEnd() !== '0';
        break;
      case 'transfer-encoding':
        hasBody = true;
        break;
      default:
    }
  }
  const isHostMissing = host === undefined && minorVersion === '1';
  return isHostMissing ? null : { method, path: target.split('?', 1)[0], host, hasBody };
}
