import {
  createCombinedFormat,
  createCombinedTimedFormat,
  createCommonFormat,
} from '../format/apache-line.ts';
import { createAuditFormat } from '../format/audit-line.ts';
import { createEcsFormat } from '../format/ecs-line.ts';
import { createJsonFormat } from '../format/json-line.ts';
import { createOtelFormat } from '../format/otel-line.ts';
import type { RecordFormat, RecordFormatOptions } from '../format/record-format.ts';
import { compileTemplate } from '../format/template-compiler.ts';
import { createTemplateFormat } from '../format/template-line.ts';
import { createTextFormat } from '../format/text-record.ts';
import { createTsvFormat } from '../format/tsv-line.ts';
import type { OutputSettings } from './output-settings.ts';

/** The format of an output; **its template was compiled before, so that it is known to be right**. */
export function createFormat(
  { format, template }: Pick<OutputSettings, 'format' | 'template'>,
  options: RecordFormatOptions,
): RecordFormat {
  switch (format) {
    case 'text':
      return createTextFormat(options);
    case 'json':
      return createJsonFormat(options);
    case 'ecs':
      return createEcsFormat(options);
    case 'otel':
      return createOtelFormat(options);
    case 'common':
      return createCommonFormat(options);
    case 'combined':
      return createCombinedFormat(options);
    case 'combined-timed':
      return createCombinedTimedFormat(options);
    case 'audit':
      return createAuditFormat(options);
    case 'tsv':
      return createTsvFormat(options);
    case 'template': {
      const compiled = compileTemplate(template ?? '');
      if ('mistake' in compiled) {
        throw new Error(compiled.mistake);
      }
      return createTemplateFormat(compiled, options);
    }
    default:
      return format satisfies never;
  }
}
