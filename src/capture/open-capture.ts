import { type Compression, decompress, openByteSource } from './byte-source.ts';
import { type ByteSource, ByteWindow, type ReadProgress } from './byte-window.ts';
import {
  damagedCapture,
  emptyCapture,
  notACapture,
  type ReadPosition,
  readFailure,
  truncatedCapture,
  unsupportedVersion,
} from './capture-errors.ts';
import {
  type CaptureStatistics,
  FILL_END,
  type FillState,
  type Frame,
  type FrameSource,
} from './frame.ts';
import {
  isPcapMagic,
  PCAP_HEADER_BYTES,
  PcapReader,
  type RecordReader,
  readPcapHeader,
} from './pcap-reader.ts';
import {
  BLOCK_SECTION_HEADER,
  isPcapngMagic,
  PCAPNG_MAGIC_BYTES,
  PcapngReader,
} from './pcapng-reader.ts';

/** A capture file as a source of frames. */
export interface CaptureFile extends FrameSource {
  /** As it was given; `-` is standard input. */
  readonly path: string;
  readonly progress: ReadProgress;
}

const MAGIC_BYTES = 4;
const GZIP_MAGIC = 0x8b1f;
const ZSTD_MAGIC = 0xfd2fb528;
/** Skippable zstd frames, which may come first: any of sixteen numbers. */
const ZSTD_SKIPPABLE_MAGIC = 0x184d2a50;

/**
 * Opens a pcap or pcapng file, plain or compressed with gzip or zstd; `-` is standard input.
 *
 * Waits for the first bytes. Errors: HTTPLOG_CAPTURE_NOT_FOUND (exit 3), _PERMISSION (4), _TERMINAL (2),
 * and with exit 1 _OPEN, _DIRECTORY, _EMPTY, _FORMAT, _VERSION, _TRUNCATED, _DAMAGED, _READ; `fill` throws
 * the last three too, after every whole packet was given.
 */
export async function openCapture(path: string): Promise<CaptureFile> {
  const source = await openByteSource(path);
  let window = new ByteWindow(source);
  let compression: Compression | '' = '';
  try {
    if (!(await window.has(1))) {
      throw emptyCapture(path);
    }
    compression = (await window.has(MAGIC_BYTES)) ? detectCompression(window) : '';
    if (compression !== '') {
      const decompressed: ByteSource = decompress(window, compression);
      window = new ByteWindow(decompressed);
    }
    const reader = await createReader(path, compression, window);
    return new OpenCapture(path, compression, window, reader);
  } catch (error) {
    window.close();
    if (error instanceof Error && error.name === 'HttplogError') {
      throw error;
    }
    throw readFailure(startOf(path, compression, 0), error);
  }
}

function detectCompression(window: ByteWindow): Compression | '' {
  const magic = window.view.getUint32(window.position, true);
  if ((magic & 0xffff) === GZIP_MAGIC) {
    return 'gzip';
  }
  if (magic === ZSTD_MAGIC || magic - (magic & 0xf) === ZSTD_SKIPPABLE_MAGIC) {
    return 'zstd';
  }
  return '';
}

/** Looks at the first bytes and makes the reader of their format. */
async function createReader(
  path: string,
  compression: Compression | '',
  window: ByteWindow,
): Promise<RecordReader> {
  if (!(await window.has(1))) {
    throw emptyCapture(path);
  }
  const hasMagic = await window.has(MAGIC_BYTES);
  if (hasMagic && isPcapMagic(window.view, window.position)) {
    if (!(await window.has(PCAP_HEADER_BYTES))) {
      throw truncatedCapture(startOf(path, compression, 0));
    }
    const header = readPcapHeader(window.view, window.position);
    if (!header.isSupported) {
      throw unsupportedVersion(path, header.version);
    }
    window.position += PCAP_HEADER_BYTES;
    return new PcapReader(window, header);
  }
  if (hasMagic && window.view.getUint32(window.position) === BLOCK_SECTION_HEADER) {
    if (!(await window.has(PCAPNG_MAGIC_BYTES))) {
      throw truncatedCapture(startOf(path, compression, 0));
    }
    if (isPcapngMagic(window.view, window.position)) {
      return new PcapngReader(window);
    }
  }
  throw notACapture(path, window.bytes.subarray(window.position, window.end));
}

function startOf(path: string, compression: string, recordOffset: number): ReadPosition {
  return { path, packets: 0, recordOffset, compression };
}

class OpenCapture implements CaptureFile {
  readonly path: string;
  readonly #compression: string;
  readonly #window: ByteWindow;
  readonly #reader: RecordReader;
  #stopped = false;

  constructor(path: string, compression: string, window: ByteWindow, reader: RecordReader) {
    this.path = path;
    this.#compression = compression;
    this.#window = window;
    this.#reader = reader;
  }

  next(frame: Frame): boolean {
    return this.#reader.next(frame);
  }

  async fill(): Promise<FillState> {
    if (this.#stopped) {
      return FILL_END;
    }
    if (this.#reader.damage !== '') {
      throw damagedCapture(this.#readPosition(), this.#reader.damage);
    }
    let state: FillState;
    try {
      state = await this.#window.advance(this.#reader.neededBytes);
    } catch (error) {
      throw readFailure(this.#readPosition(), error);
    }
    if (state === FILL_END && !this.#stopped && this.#window.position < this.#window.end) {
      throw truncatedCapture(this.#readPosition());
    }
    return state;
  }

  get progress(): ReadProgress {
    return this.#window.progress;
  }

  statistics(): CaptureStatistics {
    return { packets: this.#reader.packets, drops: 0, freezes: 0 };
  }

  stop(): void {
    this.#stopped = true;
  }

  close(): void {
    this.#stopped = true;
    this.#window.close();
  }

  #readPosition(): ReadPosition {
    return {
      path: this.path,
      packets: this.#reader.packets,
      recordOffset: this.#window.offset,
      compression: this.#compression,
    };
  }
}
