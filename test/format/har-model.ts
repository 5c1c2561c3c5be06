/** The shape of an HTTP Archive 1.2, field by field, as its readers ask for it. @see http://www.softwareishard.com/blog/har-12-spec/ */
import { expect } from 'vitest';

type Shape = (value: unknown, path: string) => void;

const text: Shape = (value, path) => expect(typeof value, path).toBe('string');
const number: Shape = (value, path) => expect(Number.isFinite(value), path).toBe(true);
const duration: Shape = (value, path) => expect(value, path).toBeGreaterThanOrEqual(0);
/** Of a phase or a size that is not known. */
const orUnknown: Shape = (value, path) => expect(value, path).toBeGreaterThanOrEqual(-1);
const date: Shape = (value, path) => {
  expect(value, path).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/);
  expect(Number.isNaN(new Date(String(value)).getTime()), path).toBe(false);
};
const url: Shape = (value, path) => {
  text(value, path);
  expect(value, path).toMatch(/^[a-z]+:\/\/[^/]/i);
};

function object(members: Record<string, Shape>, optional: Record<string, Shape> = {}): Shape {
  return (value, path) => {
    const given = value as Record<string, unknown>;
    const names = Object.keys(given).filter((name) => !name.startsWith('_'));
    const known = [...Object.keys(members), ...Object.keys(optional)];
    expect(names.filter((name) => !known.includes(name), path)).toEqual([]);
    for (const [name, shape] of Object.entries(members)) {
      expect(given, path).toHaveProperty([name]);
      shape(given[name], `${path}.${name}`);
    }
    for (const [name, shape] of Object.entries(optional)) {
      if (given[name] !== undefined) {
        shape(given[name], `${path}.${name}`);
      }
    }
  };
}

function list(element: Shape): Shape {
  return (value, path) => {
    expect(Array.isArray(value), path).toBe(true);
    (value as unknown[]).forEach((item, index) => {
      element(item, `${path}[${index}]`);
    });
  };
}

const pairs = list(object({ name: text, value: text }));

const entry = object(
  {
    startedDateTime: date,
    time: duration,
    request: object({
      ...{ method: text, url, httpVersion: text, cookies: pairs, headers: pairs },
      ...{ queryString: pairs, headersSize: orUnknown, bodySize: orUnknown },
    }),
    response: object({
      ...{ status: number, statusText: text, httpVersion: text, cookies: pairs, headers: pairs },
      ...{ content: object({ size: orUnknown, mimeType: text }), redirectURL: text },
      ...{ headersSize: orUnknown, bodySize: orUnknown },
    }),
    cache: object({}),
    timings: object(
      { send: duration, wait: duration, receive: duration },
      { blocked: orUnknown, dns: orUnknown, connect: orUnknown, ssl: orUnknown },
    ),
  },
  { serverIPAddress: text, connection: text },
);

const archive = object({
  log: object({
    version: (value, path) => expect(value, path).toBe('1.2'),
    creator: object({ name: text, version: text }),
    entries: list(entry),
  }),
});

export interface HarEntry {
  startedDateTime: string;
  time: number;
  request: { method: string; url: string; headers: HarPair[]; cookies: HarPair[] } & Sizes & {
      queryString: HarPair[];
    };
  response: { status: number; headers: HarPair[]; cookies: HarPair[] } & Sizes;
  timings: Record<string, number>;
}

export interface HarPair {
  name: string;
  value: string;
}

interface Sizes {
  headersSize: number;
  bodySize: number;
}

/** An entry's line as it stands behind the first; its shape and its sum of phases are right. */
export function readEntry(line: string): HarEntry {
  expect(line[0]).toBe(',');
  const read = JSON.parse(line.slice(1));
  checkEntry(read);
  return read;
}

/** The entries of a document, which is an archive from its first byte to its last. */
export function readArchive(document: string): HarEntry[] {
  const read = JSON.parse(document);
  archive(read, 'archive');
  read.log.entries.forEach(checkEntry);
  return read.log.entries;
}

function checkEntry(read: HarEntry): void {
  entry(read, 'entry');
  const phases = Object.values(read.timings).filter((value) => value !== -1);
  const sum = phases.reduce((total, value) => total + value, 0);
  expect(Math.abs(read.time - sum)).toBeLessThan(1e-5 * Math.max(1, sum));
}
