/** A peer of the bench: npm `pcap-parser`. Arguments: capture, file of the lines. */
import { createRequire } from 'node:module';
import { describeFrame, openLines } from './plain-decoder.ts';

interface ParsedPacket {
  header: { timestampSeconds: number; timestampMicroseconds: number };
  data: Buffer;
}

const [capture, output] = process.argv.slice(2);
const lines = openLines(output);
const parser = createRequire(import.meta.url)('pcap-parser').parse(capture);
parser.on('packet', ({ header, data }: ParsedPacket) => {
  const timestampMs = header.timestampSeconds * 1000 + header.timestampMicroseconds / 1000;
  const line = describeFrame(data, timestampMs);
  if (line !== undefined) {
    lines.write(line);
  }
});
parser.on('end', () => lines.end());
