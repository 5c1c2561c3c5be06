import type { Command } from '../measure/time-command.ts';

/** A program that is measured: httplog, or a peer of it. */
export interface Candidate {
  name: string;
  /** What it does with a packet, and what it leaves out: what its figures can be compared with. */
  does: string;
  parsesHttp: boolean;
  /** Programs and files that it needs, each with the Debian package that brings it. */
  needs: Readonly<Record<string, string>>;
  /** Makes it ready, after its programs are there. Throws with the reason why it cannot be. */
  prepare?: () => void;
  /** Prints its version, on either output. */
  version: Command;
  /**
   * Reads a capture, writes to `output` if it can write to a file, else to its standard output.
   *
   * @param filter tcpdump's expression for the workload, for those that need one
   */
  readsCapture?: (capture: string, output: string, filter: string) => Command;
  /** What it gives back after a capture, if not 0 alone. */
  exitCodes?: readonly number[];
  listens?: LiveForm;
  /** An extended regular expression for the lines that stand for a message each. */
  messagePattern?: string;
  /** Name of the candidate with the same decoder that tells how many messages there are. */
  countsLike?: string;
  /** Its output is the stream itself: too much to keep, so timed runs throw it away. */
  isOutputDiscarded?: boolean;
}

export interface LiveForm {
  /** With a ring or buffer of so many megabytes, where it lets one choose. */
  command: (device: string, output: string, ringMegabytes: number) => Command;
  endSignal: 'SIGINT' | 'SIGTERM';
  /** Finds the number of packets that the kernel dropped in what it said at its end. */
  drops?: RegExp;
}
