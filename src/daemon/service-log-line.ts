/** A record of pino as it arrives, one JSON line. */
interface ServiceLogRecord {
  level: string;
  /** ISO 8601. */
  time: string;
  pid: number;
  msg: string;
  [field: string]: unknown;
}

const LEVEL_LENGTH = 'error'.length;

/** What no line may hold, lest a name from outside forges a line or a terminal escape. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029]/gu;

/**
 * One record as a person reads it, local time: `2026-11-21 08:00:00.000 INFO  message key=value`.
 *
 * @param json a line of pino
 */
export function formatServiceLogLine(json: string): string {
  const { level, time, pid: _pid, msg, ...fields } = JSON.parse(json) as ServiceLogRecord;
  const head = `${formatLocalTime(new Date(time))} ${level.toUpperCase().padEnd(LEVEL_LENGTH)}`;
  const tail = Object.entries(fields).map(([key, value]) => ` ${key}=${formatValue(value)}`);
  return `${escapeUnprintable(`${head} ${msg}${tail.join('')}`)}\n`;
}

function formatValue(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}

function escapeUnprintable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

function formatLocalTime(date: Date): string {
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(padTwo).join('-');
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(padTwo).join(':');
  return `${day} ${time}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

function padTwo(value: number): string {
  return String(value).padStart(2, '0');
}
