import { createHttpMessage, type HttpMessage, type MessageKind } from '../http/message.ts';
import { CLIENT_PEER } from './client-source.ts';
import type { Side } from './message-type.ts';
import type { End, RecordBase, WireFacts } from './record.ts';

/** Bytes of a body that are kept. */
export interface BodySpan {
  /** 0: none are. */
  offset: number;
  end: number;
  /** The body had more. */
  isCut: boolean;
}

/**
 * A message as it was sent, every field of its head and every repeat, where the way in keeps it: packets are not
 * kept. Redaction works on the parts of a record and knows nothing of what else is here: it drops it.
 */
export interface RawMessage {
  /** 0: the head is not kept. */
  headOffset: number;
  headEnd: number;
  readonly body: BodySpan;
}

/**
 * What exchanges and messages have alike: heads, as far as they were seen, as offsets into `bytes`. Both kinds
 * begin with these fields in this order, so that code for both finds them at the same places.
 */
export interface HttpRecord extends RecordBase {
  /** Which end this host is. */
  side: Side;
  wire: WireFacts;
  /**
   * The two ends behind the address translation of the host that passes the connection on; without an address: it is the
   * same end, or that is not known.
   */
  natClient: End;
  natServer: End;
  /** Who has connected to the proxy before this connection, as its PROXY header says; without an address: none does. */
  proxyClient: End;
  /** The address of the proxy that it has connected to, as the header says. */
  proxyServer: End;
  /** Who the client is as proxies tell it; of meaning when `clientSource` is one of theirs. Its port may be UNKNOWN. */
  toldClient: End;
  /** One of CLIENT_*: what `clientOf` is from. */
  clientSource: number;

  hasRequest: boolean;
  /** Start line and fields by slot; of meaning when `hasRequest`. */
  request: HttpMessage;
  /** The request line's parts, set by `splitRequestLine`. Empty parts begin where they end. */
  methodEnd: number;
  /** The request target as it was sent. */
  targetOffset: number;
  targetEnd: number;
  /** The target's path, and its query without the question mark. */
  pathOffset: number;
  pathEnd: number;
  queryOffset: number;
  queryEnd: number;
  hasQuery: boolean;
  /** The capture ends in the request line: of the target, or of the version behind it, bytes are missing. */
  isTargetCut: boolean;
  /** `HTTP/1.1`, to the end of the line; empty when the captured line is cut. */
  requestVersionOffset: number;

  hasResponse: boolean;
  response: HttpMessage;
  /** UNKNOWN without a response, or when its three digits were not captured. */
  statusCode: number;
  /** First byte of the reason phrase; it ends with the start line. */
  reasonOffset: number;

  requestHeadBytes: number;
  responseHeadBytes: number;
  rawRequest: RawMessage;
  rawResponse: RawMessage;
}

/** @param fieldsCount slots of the field table, see `createFieldTables` */
export function createHead(kind: MessageKind, fieldsCount: number): HttpMessage {
  const head = createHttpMessage(fieldsCount);
  head.kind = kind;
  return head;
}

export function createRawMessage(): RawMessage {
  return { headOffset: 0, headEnd: 0, body: { offset: 0, end: 0, isCut: false } };
}

/** The client that address formats show; `client` is who has opened the connection. */
export function clientOf({ clientSource, client, toldClient }: HttpRecord): End {
  return clientSource <= CLIENT_PEER ? client : toldClient;
}

/** Nothing points to the bytes any more. */
export function dropRawMessage(raw: RawMessage): void {
  raw.headOffset = 0;
  raw.headEnd = 0;
  raw.body.offset = 0;
  raw.body.end = 0;
}
