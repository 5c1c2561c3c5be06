import {
  FIELD_CONTENT_TYPE,
  FIELD_LOCATION,
  FIELD_SERVER,
  type NamedField,
} from '../http/grammar.ts';
import type { Exchange } from '../record/exchange.ts';
import {
  closeObject,
  createJsonLabel,
  createKeyLabel,
  type JsonLabel,
  writeLabel,
} from './json-label.ts';
import { JSON_QUOTES_BYTES, writeJsonString } from './json-text.ts';
import { writeField, writeNamedFields, writeNumber } from './json-values.ts';

/**
 * The `httplog` object of an ECS document: what the schema has no name for. Content-Type belongs here too,
 * because `mime_type` is to be told from the body alone.
 */

const HTTPLOG = createKeyLabel('httplog');
const CONNECT_NS = createKeyLabel('connect_ns');
const REQUEST_NS = createKeyLabel('request_ns');
const FIRST_BYTE_NS = createKeyLabel('ttfb_ns');
const RESPONSE_NS = createKeyLabel('response_ns');
const RETRANSMITTED_SEGMENTS = createKeyLabel('retransmitted_segments');
const REQUEST = createKeyLabel('request');
const RESPONSE = createKeyLabel('response');
const CONTENT_TYPE = createKeyLabel('content_type');
const TARGET_CUT = createJsonLabel(',"target_cut":true');
const REASON = createKeyLabel('reason');
const LOCATION = createKeyLabel('location');
const SERVER = createKeyLabel('server');
const HEADERS = createKeyLabel('headers');

/** Of one output: the fields that `--header` names. */
export interface EcsOwnFields {
  readonly namedFields: readonly NamedField[];
  readonly nameLabels: readonly JsonLabel[];
  /** Bytes that the named fields take beside their values. */
  readonly overheadBytes: number;
}

export function createEcsOwnFields(namedFields: readonly NamedField[]): EcsOwnFields {
  const nameLabels = namedFields.map(({ name }) => createKeyLabel(name));
  return { namedFields, nameLabels, overheadBytes: namedFrameBytes(nameLabels) };
}

/** Labels and quotes of the named fields, of request and response. */
function namedFrameBytes(nameLabels: readonly JsonLabel[]): number {
  return nameLabels.reduce((sum, label) => sum + 2 * (label.byteLength + JSON_QUOTES_BYTES), 0);
}

export function writeEcsOwnFields(
  target: Uint8Array,
  at: number,
  exchange: Exchange,
  fields: EcsOwnFields,
): number {
  const httplogAt = at;
  const membersAt = writeLabel(target, at, HTTPLOG);
  at = writeNumber(target, membersAt, CONNECT_NS, exchange.connectNs);
  at = writeNumber(target, at, REQUEST_NS, exchange.requestNs);
  at = writeNumber(target, at, FIRST_BYTE_NS, exchange.firstByteNs);
  at = writeNumber(target, at, RESPONSE_NS, exchange.responseNs);
  if (exchange.retransmittedSegments > 0) {
    at = writeNumber(target, at, RETRANSMITTED_SEGMENTS, exchange.retransmittedSegments);
  }
  if (exchange.hasRequest) {
    at = writeRequest(target, at, exchange, fields);
  }
  if (exchange.hasResponse) {
    at = writeResponse(target, at, exchange, fields);
  }
  return closeObject(target, at, httplogAt, membersAt);
}

function writeRequest(
  target: Uint8Array,
  at: number,
  exchange: Exchange,
  fields: EcsOwnFields,
): number {
  const { bytes, request } = exchange;
  const { namedFields, nameLabels } = fields;
  const requestAt = at;
  const membersAt = writeLabel(target, at, REQUEST);
  at = exchange.isTargetCut ? writeLabel(target, membersAt, TARGET_CUT) : membersAt;
  at = writeField(target, at, CONTENT_TYPE, bytes, request, FIELD_CONTENT_TYPE);
  at = writeNamedFields(target, at, HEADERS, bytes, request, namedFields, nameLabels);
  return closeObject(target, at, requestAt, membersAt);
}

function writeResponse(
  target: Uint8Array,
  at: number,
  exchange: Exchange,
  fields: EcsOwnFields,
): number {
  const { bytes, response, reasonOffset } = exchange;
  const { namedFields, nameLabels } = fields;
  const responseAt = at;
  const membersAt = writeLabel(target, at, RESPONSE);
  at = membersAt;
  if (reasonOffset < response.startLineEnd) {
    at = writeLabel(target, at, REASON);
    at = writeJsonString(target, at, bytes, reasonOffset, response.startLineEnd);
  }
  at = writeField(target, at, CONTENT_TYPE, bytes, response, FIELD_CONTENT_TYPE);
  at = writeField(target, at, LOCATION, bytes, response, FIELD_LOCATION);
  at = writeField(target, at, SERVER, bytes, response, FIELD_SERVER);
  at = writeNamedFields(target, at, HEADERS, bytes, response, namedFields, nameLabels);
  return closeObject(target, at, responseAt, membersAt);
}
