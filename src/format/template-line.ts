import { isSameText } from '../bytes.ts';
import type { HttpRecord } from '../record/http-record.ts';
import type { HttpKind, RecordKinds } from '../record/record-kinds.ts';
import { SPACE_ESCAPED, SPACE_KEPT, type SpaceMode, writeEscaped } from './escape.ts';
import { createRecordFields, fieldOf, type KindFields, type RecordField } from './record-fields.ts';
import type { RecordFormat, RecordFormatOptions, RecordWriter } from './record-format.ts';
import { createValueSpan, textBytesMax, type ValueSpan } from './record-texts.ts';
import { labelBytes, PLAIN_BYTES_MAX, writeHexByte, writeLabel } from './record-values.ts';
import { compileTemplate, type TemplatePart } from './template-compiler.ts';

const ABSENT = labelBytes('-');

/** A field with the text before it, ready to be written. */
interface Placeholder<R> {
  label: Uint8Array;
  field: RecordField<R>;
  spaceMode: SpaceMode;
  /** By byte: 1 when it is written in hex besides what is anyway; undefined: none is. */
  stops: Uint8Array | undefined;
}

/**
 * Lines of the operator's own form.
 *
 * A value can neither end its column nor begin another. Spaces in it are `\x20`, but are kept between double
 * quotes. In hex is also the character that follows the field in the template, which is where a reader takes
 * the value to end; outside of quotes the one behind the field before it as well, in case the reader splits
 * the line there; and the double quote where the template has any.
 *
 * The header fields that the template names are among the options' named fields.
 */
export const TEMPLATE_FORMAT: RecordFormat = {
  suffix: 'template.log',
  hasHeaderFields: false,
  writers: {
    exchange: (options) => createTemplateWriter(options, 'exchange'),
    message: (options) => createTemplateWriter(options, 'message'),
  },
};

function createTemplateWriter<K extends HttpKind>(
  options: RecordFormatOptions,
  kind: K,
): RecordWriter<RecordKinds[K]> {
  const template = compileTemplate(options.template ?? '');
  if ('mistake' in template) {
    throw new Error(template.mistake);
  }
  const fields = createRecordFields(options);
  const hasQuotes = [template.tail, ...template.parts.map(({ label }) => label)].some((label) =>
    label.includes('"'),
  );
  const placeholders = template.parts.map((part, index) => {
    const before = index === 0 || part.isQuoted ? '' : template.parts[index - 1].follower;
    return createPlaceholder(part, fields, kind, createStops([part.follower, before], hasQuotes));
  });
  const tail = labelBytes(`${template.tail}\n`);
  const overheadBytes = placeholders.reduce(
    (sum, { label }) => sum + label.length + PLAIN_BYTES_MAX,
    tail.length,
  );
  const span = createValueSpan();
  return {
    linesPerRecord: 1,
    bytesMax: (record) => {
      let bytesMax = overheadBytes;
      for (let index = 0; index < placeholders.length; index++) {
        const { field } = placeholders[index];
        if (field.isText) {
          bytesMax += textBytesMax(field.find, record, span);
        }
      }
      return bytesMax;
    },
    write: (target, at, record) => {
      for (let index = 0; index < placeholders.length; index++) {
        const placeholder = placeholders[index];
        at = writeLabel(target, at, placeholder.label);
        at = writeField(target, at, record, placeholder, span);
      }
      return writeLabel(target, at, tail);
    },
  };
}

function createPlaceholder<K extends HttpKind>(
  part: TemplatePart,
  fields: ReadonlyMap<string, KindFields>,
  kind: K,
  stops: Uint8Array | undefined,
): Placeholder<RecordKinds[K]> {
  const field = fields.get(part.field);
  if (field === undefined) {
    throw new Error(`No field of a record is called ${part.field}`);
  }
  const isSpaceKept = part.isQuoted && part.follower !== ' ';
  return {
    label: labelBytes(part.label),
    field: fieldOf(field, kind),
    spaceMode: isSpaceKept ? SPACE_KEPT : SPACE_ESCAPED,
    stops,
  };
}

/**
 * Letters and digits are parts of escapes themselves, and a backslash begins one, so that none of them can be
 * the end of a value; nor can what is longer than a byte.
 */
function createStops(followers: readonly string[], hasQuotes: boolean): Uint8Array | undefined {
  const stops = new Uint8Array(256);
  if (hasQuotes) {
    stops['"'.charCodeAt(0)] = 1;
  }
  for (const follower of followers) {
    if (/^[!-~]$/.test(follower) && !/[a-z0-9\\]/i.test(follower)) {
      stops[follower.charCodeAt(0)] = 1;
    }
  }
  return stops.includes(1) ? stops : undefined;
}

/** A value that is absent or empty is a dash; one that is a dash has it in hex. */
function writeField<R extends HttpRecord>(
  target: Uint8Array,
  at: number,
  record: R,
  placeholder: Placeholder<R>,
  span: ValueSpan,
): number {
  const { field, stops, spaceMode } = placeholder;
  if (!field.isText) {
    const end = field.write(target, at, record);
    return end === at ? writeLabel(target, at, ABSENT) : end;
  }
  if (!field.find(record, span) || span.offset === span.end) {
    return writeLabel(target, at, ABSENT);
  }
  const { bytes, offset, end } = span;
  if (isSameText(bytes, offset, end, ABSENT)) {
    return writeHexByte(target, at, ABSENT[0]);
  }
  return stops === undefined
    ? writeEscaped(target, at, bytes, offset, end, spaceMode)
    : writeBetweenStops(target, at, bytes, offset, end, spaceMode, stops);
}

/** Stops are ASCII, so that no UTF-8 sequence is taken apart. */
function writeBetweenStops(
  target: Uint8Array,
  at: number,
  bytes: Uint8Array,
  offset: number,
  end: number,
  spaceMode: SpaceMode,
  stops: Uint8Array,
): number {
  for (let stopAt = offset; stopAt < end; stopAt++) {
    if (stops[bytes[stopAt]] === 0) {
      continue;
    }
    at = writeEscaped(target, at, bytes, offset, stopAt, spaceMode);
    at = writeHexByte(target, at, bytes[stopAt]);
    offset = stopAt + 1;
  }
  return writeEscaped(target, at, bytes, offset, end, spaceMode);
}
