import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createZstdDecompress } from 'node:zlib';

/** Lines by type; `other` are those that do not read as lines of httplog. */
export interface LineCounts {
  CQ: number;
  CR: number;
  other: number;
  files: number;
}

const LINE = /^\d{4}-\d\d-\d\d [\d:]{8}\.\d{3} \S+#\d+ \S+#\d+ (CQ|CR) .*\S$/;

/** Adds the lines of one file, plain or zstd, to the counts. Rejects when the file is damaged. */
export async function countLines(path: string, counts: LineCounts): Promise<void> {
  const file = createReadStream(path);
  const input = path.endsWith('.zst') ? file.pipe(createZstdDecompress()) : file;
  for await (const line of createInterface({ input })) {
    const type = LINE.exec(line)?.[1] as 'CQ' | 'CR' | undefined;
    counts[type ?? 'other']++;
  }
  counts.files++;
}
