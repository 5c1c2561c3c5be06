import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A packet's captured bytes and its length on the wire. */
export interface CapturedPacket {
  bytes: Uint8Array;
  wireLength: number;
}

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const MAGICS: readonly number[] = [0xa1b2c3d4, 0xa1b23c4d];

const corpusPath = fileURLToPath(new URL('../../../shared/corpus/', import.meta.url));

/** Why tests over the shared corpus cannot run, or undefined when they can. */
export function missingCorpus(): string | undefined {
  return existsSync(`${corpusPath}INDEX.tsv`) ? undefined : 'no ../shared/corpus';
}

/** Paths of the corpus captures of one link type, named as in its index (`EN10MB=1`). */
export function listCorpus(linkTypeName: string): string[] {
  const rows = readFileSync(`${corpusPath}INDEX.tsv`, 'utf8').trimEnd().split('\n').slice(1);
  return rows
    .map((row) => row.split('\t'))
    .filter((columns) => columns[1] === linkTypeName)
    .map(([name]) => corpusPath + name);
}

/** The packets of a capture file of the classic form; undefined when it is of another form or cut. */
export function readClassicPcap(path: string): CapturedPacket[] | undefined {
  const file = readFileSync(path);
  if (file.length < FILE_HEADER_BYTES) {
    return undefined;
  }
  const isLittle = MAGICS.includes(file.readUInt32LE(0));
  if (!isLittle && !MAGICS.includes(file.readUInt32BE(0))) {
    return undefined;
  }
  const read = (at: number) => (isLittle ? file.readUInt32LE(at) : file.readUInt32BE(at));
  const packets: CapturedPacket[] = [];
  let at = FILE_HEADER_BYTES;
  while (at < file.length) {
    const end = at + RECORD_HEADER_BYTES + (at + 16 <= file.length ? read(at + 8) : 0);
    if (at + RECORD_HEADER_BYTES > file.length || end > file.length) {
      return undefined;
    }
    packets.push({
      bytes: file.subarray(at + RECORD_HEADER_BYTES, end),
      wireLength: read(at + 12),
    });
    at = end;
  }
  return packets;
}
