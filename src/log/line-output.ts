/**
 * Something that takes the bytes of lines in order: a file, or standard output. One batch queue owns it.
 */
export interface LineOutput {
  readonly path: string;
  /** A pipe whose reader pauses is no fault. A disk that does is one. */
  readonly isPipe: boolean;

  /**
   * Makes it ready to be written. True when it is another file than the one the bytes before went to, so
   * that a line begun there has to begin again here; `tornByteLength` of that line are taken back there.
   */
  prepare(tornByteLength: number): Promise<boolean>;

  /** Writes from the beginning of `chunks` and gives the bytes that were taken, at least one. */
  write(chunks: Uint8Array[]): Promise<number>;

  /** After a fault, or for a rotation: the next `prepare` opens the path anew. */
  requireReopen(): void;

  /**
   * Removes the last bytes of the file, where it is a regular file and they are certainly our own.
   *
   * Only for the last act: `tail -f` and log shippers take a shorter file for a new one.
   */
  takeBack(byteLength: number): Promise<void>;

  close(): Promise<void>;
}
