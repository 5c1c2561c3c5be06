import type { HttpRecord } from '../../src/record/http-record.ts';
import type { AddressLength, End } from '../../src/record/record.ts';
import { addressBytes } from '../fixtures/build-packets.ts';

/** Makes the record one of a connection whose PROXY header names this client. */
export function setProxyClient(record: HttpRecord, address: string, port: number): void {
  setEnd(record, record.proxyClient, address, port);
}

/** Makes this the client that was chosen. */
export function setToldClient(
  record: HttpRecord,
  address: string,
  port: number,
  clientSource: number,
): void {
  setEnd(record, record.toldClient, address, port);
  record.clientSource = clientSource;
}

function setEnd(record: HttpRecord, end: End, address: string, port: number): void {
  const bytes = addressBytes(address);
  record.bytes.set(bytes, record.bytesEnd);
  end.addressOffset = record.bytesEnd;
  end.addressLength = bytes.length as AddressLength;
  end.port = port;
  record.bytesEnd += bytes.length;
}
