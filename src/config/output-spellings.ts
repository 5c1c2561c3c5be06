import { FORMAT_NAMES, type RecordFormatName } from '../format/format-table.ts';
import { compileTemplate, templateHeaderNames } from '../format/template-compiler.ts';
import { HEADER_NAMES_MAX, OUTPUTS_MAX } from '../limits.ts';
import { describeNearestName, findNearestName } from '../nearest-name.ts';
import { RECORDS_NAMES, type Records } from '../record/record-kinds.ts';
import { quoteValue } from './mistakes.ts';
import { findPlaces, PLACE_KEYS, type PlaceValues } from './output-places.ts';

/** How `--output`, `--format`, `--records` and `--header` are written. */

/** A format as it is chosen: its name, and the text of a template. */
export interface FormatChoice {
  name: RecordFormatName;
  template: string | undefined;
}

/** One `--output`, as far as it says something; the rest comes from the options of all outputs. */
export interface OutputChoice extends PlaceValues {
  format: FormatChoice | undefined;
  records: Records | undefined;
}

const KEYS: readonly string[] = ['format', 'records', ...PLACE_KEYS];

export const FORMATS_ALLOWED = `${FORMAT_NAMES.slice(0, -1).join(', ')}, or template:'...' with fields in braces`;

export const RECORDS_ALLOWED = RECORDS_NAMES.join(' or ');

export const OUTPUTS_ALLOWED =
  `up to ${OUTPUTS_MAX} of KEY=VALUE[,KEY=VALUE...] with the keys ${joinWithOr(KEYS)}, ` +
  'each once, as in format=json,path=/log/json/; quote a value that has a comma or a space';

const TEMPLATE_PREFIX = 'template:';
/** A path as it is, or within quotes that are not in it. */
const PLACE = /^(?:[^'"]+|'[^']+'|"[^"]+")$/;
/** Letters, digits, `-`, `_` and `.`: what the head's scanner compares; others are in no field's name in use. */
const HEADER_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

export function parseFormat(text: string): FormatChoice | null {
  if (text.startsWith(TEMPLATE_PREFIX)) {
    const template = unquote(text.slice(TEMPLATE_PREFIX.length));
    const isRight = template !== '' && !('mistake' in compileTemplate(template));
    return isRight ? { name: 'template', template } : null;
  }
  const name = FORMAT_NAMES.find((known) => known === text);
  return name === undefined || name === 'template' ? null : { name, template: undefined };
}

/** What is wrong with a template, and which format a name may stand for; undefined when neither is known. */
export function explainFormat(text: string): string | undefined {
  if (text === 'template') {
    return "it needs its text, as in template:'{time} {method} {path} {status}'";
  }
  if (!text.startsWith(TEMPLATE_PREFIX)) {
    const nearest = findNearestName(text, FORMAT_NAMES);
    return nearest === undefined
      ? undefined
      : `allowed is ${FORMATS_ALLOWED}${describeNearestName(nearest)}`;
  }
  const compiled = compileTemplate(unquote(text.slice(TEMPLATE_PREFIX.length)));
  return 'mistake' in compiled ? `its ${lowerFirst(compiled.mistake)}` : undefined;
}

export function printFormat({ name, template }: FormatChoice): string {
  return template === undefined ? name : `${TEMPLATE_PREFIX}${quote(template)}`;
}

export function parseRecords(text: string): Records | null {
  return RECORDS_NAMES.find((known) => known === text) ?? null;
}

/** Outputs stand apart by white space, so that one line of a configuration file can hold several. */
export function parseOutputs(text: string): OutputChoice[] | null {
  const outputs = readOutputs(text);
  return 'mistake' in outputs ? null : outputs;
}

/** What is wrong with one of the outputs; undefined when a part of it has another form. */
export function explainOutputs(text: string): string | undefined {
  const outputs = readOutputs(text);
  return 'mistake' in outputs ? outputs.mistake : undefined;
}

export function printOutputs(outputs: OutputChoice[]): string {
  return outputs.map(printOutput).join(' ');
}

/** Lower case, each once, in their order. */
export function parseHeaderNames(text: string): string[] | null {
  const names = text.split(/[,\n]/).map((name) => name.trim().toLowerCase());
  const isAllowed =
    names.length <= HEADER_NAMES_MAX && names.every((name) => HEADER_NAME.test(name));
  return isAllowed ? [...new Set(names)] : null;
}

/** Header names that the templates of these formats ask for. */
export function findTemplateNames(formats: readonly FormatChoice[]): string[] {
  return formats.flatMap(({ template }) =>
    template === undefined ? [] : templateHeaderNames(template),
  );
}

/** Why outputs cannot be taken; undefined: one of them has another form than all have. */
interface OutputMistake {
  mistake: string | undefined;
}

function readOutputs(text: string): OutputChoice[] | OutputMistake {
  const parts = splitOutsideQuotes(text, isWhiteSpace);
  if (parts === null) {
    return { mistake: 'it has a quote without its end: a value that has one goes into the others' };
  }
  if (parts.length > OUTPUTS_MAX) {
    return { mistake: `it names ${parts.length} outputs, allowed are ${OUTPUTS_MAX}` };
  }
  const outputs = parts.map(readOutput);
  const wrong = outputs.find((output) => 'mistake' in output);
  const isEmpty = outputs.length === 0;
  return wrong ?? (isEmpty ? { mistake: undefined } : (outputs as OutputChoice[]));
}

function readOutput(text: string): OutputChoice | OutputMistake {
  const values = new Map<string, string>();
  for (const part of splitOutsideQuotes(text, isComma) ?? []) {
    const [, key, value] = /^([a-z]+)=([^\0]+)$/.exec(part) ?? [];
    if (key === undefined || !KEYS.includes(key)) {
      return { mistake: explainPart(part) };
    }
    if (values.has(key)) {
      return { mistake: `it has ${key} twice: outputs stand apart by a space` };
    }
    values.set(key, value);
  }
  const mistake = explainPlaces(values);
  return mistake !== undefined || values.size === 0 ? { mistake } : checkOutput(values);
}

/** What a part was probably meant to be that is no `KEY=VALUE` of ours. */
function explainPart(part: string): string | undefined {
  const [, key] = /^([^=]+)=/.exec(part) ?? [];
  const nearest = key === undefined ? undefined : findNearestName(key, KEYS);
  if (key !== undefined && nearest !== undefined && !KEYS.includes(key)) {
    return `it has no key ${quoteValue(key)}${describeNearestName(nearest)}`;
  }
  return key === undefined && parseFormat(part) !== null
    ? `${quoteValue(part)} has no key, did you mean format=${part}`
    : undefined;
}

/** An output has one place, and some kinds of places have a format of their own. */
function explainPlaces(values: ReadonlyMap<string, string>): string | undefined {
  const places = findPlaces(Object.fromEntries(values));
  const [place, other] = places;
  if (place === undefined) {
    return undefined;
  }
  if (!PLACE.test(place.value)) {
    return 'its path is empty, or has a quote that is not around all of it';
  }
  const own = places.find(({ spelling }) => spelling.format !== undefined);
  if (own !== undefined && (other !== undefined || values.has('format'))) {
    return `it has ${own.spelling.key}, which takes the place of format and path`;
  }
  return other === undefined
    ? place.spelling.explain?.(unquote(place.value))
    : `it has ${place.spelling.key} and ${other.spelling.key}, of which an output has one`;
}

function checkOutput(values: ReadonlyMap<string, string>): OutputChoice | OutputMistake {
  const formatText = unquoteAny(values.get('format'));
  const format = formatText === undefined ? undefined : parseFormat(formatText);
  if (format === null) {
    const reason = explainFormat(formatText ?? '') ?? `allowed is ${FORMATS_ALLOWED}`;
    return { mistake: `its format cannot be ${quoteValue(formatText ?? '')}, ${reason}` };
  }
  const recordsText = values.get('records');
  const records = recordsText === undefined ? undefined : parseRecords(recordsText);
  if (records === null) {
    const reason = `allowed is ${RECORDS_ALLOWED}`;
    return { mistake: `its records cannot be ${quoteValue(recordsText ?? '')}, ${reason}` };
  }
  const places = PLACE_KEYS.map((key) => [key, unquoteAny(values.get(key))] as const);
  return { format, records, ...(Object.fromEntries(places) as PlaceValues) };
}

function printOutput({ format, records, ...places }: OutputChoice): string {
  const parts = [
    format && `format=${printFormat(format)}`,
    records && `records=${records}`,
    ...findPlaces(places).map(({ spelling, value }) => `${spelling.key}=${quoteIfNeeded(value)}`),
  ];
  return parts.filter((part) => part !== undefined).join(',');
}

function quoteIfNeeded(text: string): string {
  return /[\s,'"]/.test(text) ? quote(text) : text;
}

function quote(text: string): string {
  return text.includes("'") ? `"${text}"` : `'${text}'`;
}

function unquoteAny(text: string | undefined): string | undefined {
  return text === undefined ? undefined : unquote(text);
}

function joinWithOr(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function lowerFirst(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}

/** Without the quotes around it, of either kind. */
function unquote(text: string): string {
  const first = text[0];
  const isQuoted = text.length >= 2 && (first === "'" || first === '"') && text.endsWith(first);
  return isQuoted ? text.slice(1, -1) : text;
}

function isComma(character: string): boolean {
  return character === ',';
}

function isWhiteSpace(character: string): boolean {
  return /\s/.test(character);
}

/**
 * The parts that are not empty between separators outside of quotes, quotes left as they are; null when a
 * quote has no end.
 */
function splitOutsideQuotes(
  text: string,
  isSeparator: (character: string) => boolean,
): string[] | null {
  const parts: string[] = [];
  let part = '';
  let openQuote = '';
  for (const character of text) {
    if (openQuote === '' && isSeparator(character)) {
      parts.push(part);
      part = '';
      continue;
    }
    if (openQuote === '' && (character === "'" || character === '"')) {
      openQuote = character;
    } else if (character === openQuote) {
      openQuote = '';
    }
    part += character;
  }
  parts.push(part);
  return openQuote === '' ? parts.filter((piece) => piece !== '') : null;
}
