import { describeNearestName, findNearestName } from '../nearest-name.ts';
import { TEMPLATE_FIELDS_MAX, TEMPLATE_LENGTH_MAX } from './limits.ts';
import { RECORD_FIELD_NAMES } from './record-fields.ts';

/**
 * Reads a template: text with the names of fields in braces. `{{` and `}}` stand for braces, `\t` for a tab and
 * `\\` for a backslash; single quotes around the whole, which shells and configuration files may leave, are
 * dropped.
 */

/** Characters of the template's text that a message repeats. */
const QUOTED_LENGTH_MAX = 40;

/** Behind the one or the other comes the name of a header field, such as `--header` takes. */
const HEADER_FIELD = /^(?:request|response)\.header\.([a-z0-9][a-z0-9._-]{0,63})$/;
const CONTROL_CHARACTER = /[\p{Cc}\p{Cs}\u2028\u2029]/u;

/** A field with the text before it. Plain data, so that it can be handed to workers. */
export interface TemplatePart {
  label: string;
  /** As in `createRecordFields`. */
  field: string;
  /** Stands between double quotes. */
  isQuoted: boolean;
  /** The character that follows the field; the line's end is a line feed, and another field's place is empty. */
  follower: string;
}

export interface CompiledTemplate {
  parts: TemplatePart[];
  /** The text behind the last field. */
  tail: string;
  /** Lower-case names of `request.header.NAME` and `response.header.NAME`, each once. */
  headerNames: string[];
}

/** What is wrong with a template, as a sentence without a full stop. */
export interface TemplateMistake {
  mistake: string;
}

/** The header fields that a template names, in lower case, each once; none when the template is wrong. */
export function templateHeaderNames(text: string): string[] {
  const compiled = compileTemplate(text);
  return 'mistake' in compiled ? [] : compiled.headerNames;
}

/** @param text what stands behind `template:` */
export function compileTemplate(text: string): CompiledTemplate | TemplateMistake {
  if (text.length > TEMPLATE_LENGTH_MAX) {
    return mistake(`Template has ${text.length} characters, at most ${TEMPLATE_LENGTH_MAX} fit`);
  }
  const source = /^'.*'$/s.test(text) ? text.slice(1, -1) : text;
  const parts: TemplatePart[] = [];
  let label = '';
  let isQuoted = false;
  let at = 0;
  while (at < source.length) {
    const token = readToken(source, at);
    if ('mistake' in token) {
      return token;
    }
    at = token.end;
    if (token.field === undefined) {
      followWith(parts, label, token.text);
      label += token.text;
      isQuoted = isQuoted !== (token.text === '"');
      continue;
    }
    parts.push({ label, field: token.field, isQuoted, follower: '\n' });
    markNeighbour(parts, label);
    label = '';
  }
  return finishTemplate(parts, label, isQuoted);
}

function finishTemplate(
  parts: TemplatePart[],
  tail: string,
  isQuoted: boolean,
): CompiledTemplate | TemplateMistake {
  if (parts.length === 0) {
    return mistake('Template names no field: each line would be the same');
  }
  if (parts.length > TEMPLATE_FIELDS_MAX) {
    return mistake(`Template has ${parts.length} fields, at most ${TEMPLATE_FIELDS_MAX} fit`);
  }
  if (isQuoted) {
    return mistake('Template has a double quote that is not closed');
  }
  const headerNames = parts.flatMap(({ field }) => HEADER_FIELD.exec(field)?.[1] ?? []);
  return { parts, tail, headerNames: [...new Set(headerNames)] };
}

/** The first character behind a field is what ends its value. */
function followWith(parts: TemplatePart[], label: string, character: string): void {
  const last = parts.at(-1);
  if (last !== undefined && label === '') {
    last.follower = character;
  }
}

/** A field directly behind another leaves that one without an end. */
function markNeighbour(parts: TemplatePart[], label: string): void {
  const before = parts.at(-2);
  if (before !== undefined && label === '') {
    before.follower = '';
  }
}

/** One character of text, or a field, and where the next begins. */
interface Token {
  end: number;
  text: string;
  field?: string;
}

function readToken(source: string, at: number): Token | TemplateMistake {
  const pair = source.slice(at, at + 2);
  const character = String.fromCodePoint(source.codePointAt(at) ?? 0);
  if (pair === '{{' || pair === '}}' || pair === '\\\\') {
    return { end: at + 2, text: pair[0] };
  }
  if (pair === '\\t') {
    return { end: at + 2, text: '\t' };
  }
  if (character === '{') {
    return readField(source, at);
  }
  if (character === '}') {
    return mistake(
      `Template has a } that closes nothing, at ${quote(source.slice(at))}; }} is one`,
    );
  }
  if (character === '\\') {
    return mistake(`Template has ${quote(pair)}: there are \\t and \\\\`);
  }
  if (character !== '\t' && CONTROL_CHARACTER.test(character)) {
    return mistake('Template has a line end or another control character: a record is one line');
  }
  return { end: at + character.length, text: character };
}

function readField(source: string, at: number): Token | TemplateMistake {
  const end = source.indexOf('}', at);
  if (end === -1) {
    return mistake(`Template has a { that is not closed, at ${quote(source.slice(at))}; {{ is one`);
  }
  const name = source.slice(at + 1, end);
  const field = name.toLowerCase();
  if (!RECORD_FIELD_NAMES.includes(field) && !HEADER_FIELD.test(field)) {
    const nearest = findNearestName(name, RECORD_FIELD_NAMES);
    const known = [...RECORD_FIELD_NAMES, 'request.header.NAME'].join(', ');
    return mistake(
      `Template has no field ${quote(name)}, at character ${at + 1}` +
        (nearest === undefined
          ? `: there are ${known} and response.header.NAME`
          : describeNearestName(nearest)),
    );
  }
  return { end: end + 1, text: '', field };
}

function quote(text: string): string {
  const isLong = text.length > QUOTED_LENGTH_MAX;
  return JSON.stringify(isLong ? `${text.slice(0, QUOTED_LENGTH_MAX)}...` : text);
}

function mistake(sentence: string): TemplateMistake {
  return { mistake: sentence };
}
