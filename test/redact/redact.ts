import { createRecordFieldTables, FIELD_NAMES } from '../../src/http/grammar.ts';
import type { HttpMessage } from '../../src/http/message.ts';
import type { Exchange } from '../../src/record/exchange.ts';
import {
  patternNames,
  REDACTION_DEFAULTS,
  type RedactionSettings,
} from '../../src/redact/redaction-settings.ts';
import { createRedactor } from '../../src/redact/redactor.ts';
import { type ExchangeParts, makeExchange } from '../exchange/make-exchange.ts';

/** An exchange after redaction, and what was counted. */
export interface Redacted {
  exchange: Exchange;
  /** Those that are not zero. */
  counts: Record<string, number>;
  target: string;
  /** By name; of the request, else of the response. */
  fields: Record<string, string>;
}

export function redact(
  settings: Partial<RedactionSettings>,
  parts: ExchangeParts = {},
  changeExchange: (exchange: Exchange) => void = () => {},
): Redacted {
  const exchange = makeExchange(parts);
  changeExchange(exchange);
  return redactExchange(settings, exchange, parts.names);
}

export function redactExchange(
  changes: Partial<RedactionSettings>,
  exchange: Exchange,
  names: readonly string[] = [],
): Redacted {
  const settings = structuredClone({ ...REDACTION_DEFAULTS, ...changes });
  const countNames = patternNames(settings);
  const counts = new Float64Array(countNames.length);
  const { namedFields } = createRecordFieldTables(names);
  createRedactor(settings, namedFields, counts)(exchange);
  const slotNames = [...FIELD_NAMES];
  for (const { name, slot } of namedFields) {
    slotNames[slot] = name;
  }
  return {
    exchange,
    counts: Object.fromEntries(
      countNames.map((name, index) => [name, counts[index]]).filter(([, count]) => count !== 0),
    ),
    target: textOf(exchange, exchange.targetOffset, exchange.targetEnd),
    fields: {
      ...(exchange.hasResponse ? readFields(exchange, exchange.response, slotNames) : {}),
      ...(exchange.hasRequest ? readFields(exchange, exchange.request, slotNames) : {}),
    },
  };
}

function readFields(
  exchange: Exchange,
  message: HttpMessage,
  slotNames: readonly string[],
): Record<string, string> {
  const present = slotNames
    .map((name, slot) => [name, message.fieldOffsets[slot], message.fieldEnds[slot]] as const)
    .filter(([, offset]) => offset !== 0);
  return Object.fromEntries(
    present.map(([name, offset, end]) => [name, textOf(exchange, offset, end)]),
  );
}

export function textOf(exchange: Exchange, offset: number, end: number): string {
  return Buffer.from(exchange.bytes.subarray(offset, end)).toString('latin1');
}

/** Everything that a format may show of the exchange, in one text. */
export function visibleText({ exchange }: Redacted): string {
  const texts: string[] = [];
  for (const message of [exchange.request, exchange.response]) {
    texts.push(textOf(exchange, message.startLineOffset, message.startLineEnd));
    message.fieldOffsets.forEach((offset, slot) => {
      if (offset !== 0) {
        texts.push(textOf(exchange, offset, message.fieldEnds[slot]));
      }
    });
  }
  const parts = [
    [exchange.targetOffset, exchange.targetEnd],
    [exchange.pathOffset, exchange.pathEnd],
    [exchange.queryOffset, exchange.queryEnd],
    [exchange.reasonOffset, exchange.response.startLineEnd],
  ];
  return [...texts, ...parts.map(([from, to]) => textOf(exchange, from, to))].join('\n');
}

/** A request with these field lines. */
export function withFields(...lines: string[]): ExchangeParts {
  return { requestHead: `GET / HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`, responseHead: null };
}

export function withTarget(target: string): ExchangeParts {
  return { requestHead: `GET ${target} HTTP/1.1\r\nHost: h\r\n\r\n`, responseHead: null };
}
