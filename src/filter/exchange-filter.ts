import { isSameText } from '../bytes.ts';
import { FIELD_NAMES, type NamedField } from '../http/grammar.ts';
import type { HttpMessage } from '../http/message.ts';
import { hashWithKey } from '../keyed-hash.ts';
import { UNKNOWN } from '../record/exchange.ts';
import { clientOf } from '../record/http-record.ts';
import { isWithinNetwork } from '../record/network-prefix.ts';
import type { End } from '../record/record.ts';
import { isEqualIgnoringCase, lowerAsciiBytes } from './equal-bytes.ts';
import type {
  FilterSettings,
  HeaderRule,
  MethodRule,
  NetworkRule,
  PathRule,
  StatusRule,
} from './filter-settings.ts';
import { createHostTest } from './host-test.ts';
import { createListTest, type ExchangeTest } from './list-test.ts';
import { compilePattern } from './path-pattern.ts';

const NANOSECONDS_PER_MILLISECOND = 1_000_000;

/**
 * Makes the test that says whether an exchange is written: all options must hold. What was not seen holds no
 * positive rule, and breaks no negated one.
 *
 * @param namedFields fields with a slot of their own, among them every name of `findHeaderNames`
 */
export function createExchangeFilter(
  settings: FilterSettings,
  namedFields: readonly NamedField[],
): ExchangeTest {
  const tests: ExchangeTest[] = [];
  addScalarTests(tests, settings);
  addListTest(tests, settings.methods, createMethodTest);
  addListTest(tests, settings.statuses, createStatusTest);
  addListTest(tests, settings.clients, createClientTest);
  addListTest(tests, settings.servers, createServerTest);
  addListTest(tests, settings.hosts, createHostTest);
  addListTest(tests, settings.headers, (rule) => createHeaderTest(rule, namedFields));
  // Patterns last: they cost the most, and what another rule refuses need not be looked at.
  addListTest(tests, settings.includePaths, createPathTest);
  if (settings.excludePaths.length > 0) {
    const isExcluded = createListTest(settings.excludePaths, createPathTest);
    tests.push((exchange) => !isExcluded(exchange));
  }
  return (exchange) => {
    for (let index = 0; index < tests.length; index++) {
      if (!tests[index](exchange)) {
        return false;
      }
    }
    return true;
  };
}

function addListTest<R extends { isNegated: boolean }>(
  tests: ExchangeTest[],
  rules: readonly R[],
  createTest: (rule: R) => ExchangeTest,
): void {
  if (rules.length > 0) {
    tests.push(createListTest(rules, createTest));
  }
}

/** Both directions of a flow have one hash, so that a flow is written whole or not at all. */
function addScalarTests(tests: ExchangeTest[], settings: FilterSettings): void {
  const { sampleOneIn, sampleKey, slowerThanMs } = settings;
  if (sampleOneIn !== undefined) {
    tests.push(
      sampleKey === undefined
        ? (exchange) => exchange.connectionHash % sampleOneIn === 0
        : createKeyedSample(sampleOneIn, sampleKey),
    );
  }
  if (slowerThanMs !== undefined) {
    const slowerThanNs = slowerThanMs * NANOSECONDS_PER_MILLISECOND;
    tests.push(({ totalNs }) => totalNs !== UNKNOWN && totalNs > slowerThanNs);
  }
}

function createKeyedSample(sampleOneIn: number, key: Uint8Array): ExchangeTest {
  const connectionHash = new Uint8Array(4);
  const hashWords = new DataView(connectionHash.buffer);
  const hash = new Int32Array(2);
  return (exchange) => {
    hashWords.setUint32(0, exchange.connectionHash);
    hashWithKey(key, connectionHash, 0, connectionHash.length, hash);
    return (hash[0] >>> 0) % sampleOneIn === 0;
  };
}

function createPathTest(rule: PathRule): ExchangeTest {
  const isMatch = compilePattern(rule.pattern);
  return (exchange) =>
    exchange.hasRequest && isMatch(exchange.bytes, exchange.pathOffset, exchange.pathEnd);
}

function createMethodTest(rule: MethodRule): ExchangeTest {
  const method = new Uint8Array(Buffer.from(rule.method, 'latin1'));
  return ({ hasRequest, bytes, request, methodEnd }) =>
    hasRequest && isSameText(bytes, request.startLineOffset, methodEnd, method);
}

function createStatusTest({ first, last }: StatusRule): ExchangeTest {
  return ({ hasResponse, statusCode }) =>
    hasResponse && statusCode !== UNKNOWN && statusCode >= first && statusCode <= last;
}

/** The client that the lines show. */
function createClientTest(rule: NetworkRule): ExchangeTest {
  return (exchange) => isWithin(exchange.bytes, clientOf(exchange), rule);
}

function createServerTest(rule: NetworkRule): ExchangeTest {
  return ({ bytes, server }) => isWithin(bytes, server, rule);
}

function isWithin(
  bytes: Uint8Array,
  { addressOffset, addressLength }: End,
  rule: NetworkRule,
): boolean {
  return isWithinNetwork(bytes, addressOffset, addressLength, rule);
}

function createHeaderTest(rule: HeaderRule, namedFields: readonly NamedField[]): ExchangeTest {
  const slot = findSlot(rule.name, namedFields);
  const value = rule.value === undefined ? undefined : lowerAsciiBytes(rule.value);
  return ({ hasRequest, hasResponse, bytes, request, response }) =>
    (hasRequest && hasField(bytes, request, slot, value)) ||
    (hasResponse && hasField(bytes, response, slot, value));
}

/** A filter for a field that nobody looks for would refuse everything in silence. */
function findSlot(name: string, namedFields: readonly NamedField[]): number {
  const named = namedFields.find((field) => field.name === name);
  const slot = named?.slot ?? FIELD_NAMES.indexOf(name);
  if (slot === -1) {
    throw new RangeError(`No slot is kept for the field ${name}`);
  }
  return slot;
}

function hasField(
  bytes: Uint8Array,
  message: HttpMessage,
  slot: number,
  value: Uint8Array | undefined,
): boolean {
  const offset = message.fieldOffsets[slot];
  return (
    offset !== 0 &&
    (value === undefined || isEqualIgnoringCase(bytes, offset, message.fieldEnds[slot], value))
  );
}
