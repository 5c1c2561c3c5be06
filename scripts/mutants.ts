/**
 * Single changes to source text, to see whether a test notices each: generated ones, by a walk through the
 * syntax, and listed ones, by the text that they replace.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAst } from 'rolldown/parseAst';

/** One change to one file. */
export interface Mutant {
  /** From the project's directory. */
  readonly file: string;
  /** What was changed, in a word: `comparison`, or the name of a listed change. */
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

/** A change that is named by the text it replaces, which stands once in its file. */
export interface ListedMutant {
  readonly file: string;
  readonly name: string;
  readonly find: string;
  readonly replacement: string;
}

/** A node of the syntax tree, as far as the walk needs to know it. */
interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [property: string]: unknown;
}

const COMPARISONS: Readonly<Record<string, string>> = {
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '===': '!==',
  '!==': '===',
};
const ARITHMETIC: Readonly<Record<string, string>> = {
  '+': '-',
  '-': '+',
  '*': '+',
  '/': '*',
  '%': '+',
  '&': '|',
  '|': '&',
  '<<': '>>',
  '>>': '<<',
  '>>>': '<<',
};
/** `| 0` says that a number is one of 32 bits; its sister `& 0` would only be 0. */
const ZERO = '0';

/** Every change that the walk knows, of the files below a folder of the project, in the order of their text. */
export function findMutants(project: string, folder: string): Mutant[] {
  return readdirSync(join(project, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .sort()
    .flatMap((path) =>
      mutantsOf(`${folder}/${path}`, readFileSync(join(project, folder, path), 'utf8')),
    );
}

export function mutantsOf(file: string, text: string): Mutant[] {
  const mutants: Mutant[] = [];
  const visit = (node: SyntaxNode, isInFunction: boolean): void => {
    const isNowInFunction = isInFunction || /Function/.test(node.type);
    if (isNowInFunction) {
      mutants.push(...changesOf(node, text).map((change) => ({ file, ...change })));
    }
    for (const value of Object.values(node)) {
      for (const child of Array.isArray(value) ? value : [value]) {
        // Types are gone before anything runs.
        if (isNode(child) && !child.type.startsWith('TS')) {
          visit(child, isNowInFunction);
        }
      }
    }
  };
  visit(parseAst(text, { lang: 'ts' }) as unknown as SyntaxNode, false);
  return mutants.sort((a, b) => a.start - b.start);
}

function isNode(value: unknown): value is SyntaxNode {
  return (
    typeof value === 'object' && value !== null && typeof (value as SyntaxNode).type === 'string'
  );
}

type Change = Omit<Mutant, 'file'>;

function changesOf(node: SyntaxNode, text: string): Change[] {
  const { start, end } = node;
  const source = (part: unknown): string =>
    text.slice((part as SyntaxNode).start, (part as SyntaxNode).end);
  const whole = (name: string, replacement: string): Change => ({ name, start, end, replacement });
  switch (node.type) {
    case 'BinaryExpression':
      return operatorChange(node, text);
    case 'LogicalExpression': {
      const other = node.operator === '&&' ? '||' : '&&';
      return [whole('logic', `(${source(node.left)} ${other} ${source(node.right)})`)];
    }
    case 'UnaryExpression':
      return node.operator === '!' ? [whole('negation', `!!${source(node.argument)}`)] : [];
    case 'UpdateExpression': {
      const other = node.operator === '++' ? '--' : '++';
      return [whole('step', source(node).replace(node.operator as string, other))];
    }
    case 'IfStatement': {
      const { start: testStart, end: testEnd } = node.test as SyntaxNode;
      return ['false', 'true'].map((constant) => ({
        name: `if ${constant}`,
        start: testStart,
        end: testEnd,
        replacement: constant,
      }));
    }
    case 'ConditionalExpression':
      return [
        whole('first branch', `(${source(node.consequent)})`),
        whole('second branch', `(${source(node.alternate)})`),
      ];
    case 'ExpressionStatement':
      return /^(Call|Assignment)Expression$/.test((node.expression as SyntaxNode).type)
        ? [whole('statement', ';')]
        : [];
    case 'CallExpression': {
      const callee = node.callee as SyntaxNode;
      const name = /^Math\.(min|max)$/.exec(source(callee))?.[1];
      const replacement = name === 'min' ? 'Math.max' : 'Math.min';
      return name === undefined
        ? []
        : [{ name: 'bound', start: callee.start, end: callee.end, replacement }];
    }
    default:
      return [];
  }
}

function operatorChange(node: SyntaxNode, text: string): Change[] {
  const operator = node.operator as string;
  const left = node.left as SyntaxNode;
  const right = node.right as SyntaxNode;
  const replacement = COMPARISONS[operator] ?? ARITHMETIC[operator];
  if (
    replacement === undefined ||
    (operator === '|' && text.slice(right.start, right.end) === ZERO)
  ) {
    return [];
  }
  const start = text.indexOf(operator, left.end);
  const name = operator in COMPARISONS ? 'comparison' : 'arithmetic';
  return [{ name, start, end: start + operator.length, replacement }];
}

/** The place of a listed change; throws when its text does not stand in its file exactly once. */
export function locateMutant(
  project: string,
  { file, name, find, replacement }: ListedMutant,
): Mutant {
  const text = readFileSync(join(project, file), 'utf8');
  const start = text.indexOf(find);
  if (start === -1 || text.indexOf(find, start + 1) !== -1) {
    throw new Error(`${file}: "${find}" (${name}) has to stand there exactly once`);
  }
  return { file, name, start, end: start + find.length, replacement };
}

/** As many of the mutants, in their order; the same seed chooses the same of the same text. */
export function chooseMutants(mutants: readonly Mutant[], count: number, seed: number): Mutant[] {
  let state = seed >>> 0;
  const drawn = mutants.map((mutant, index) => {
    // The generator of Numerical Recipes.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return { mutant, index, rank: state };
  });
  return drawn
    .sort((a, b) => a.rank - b.rank)
    .slice(0, count)
    .sort((a, b) => a.index - b.index)
    .map(({ mutant }) => mutant);
}

/** The file's text with the change made. */
export function applyMutant(text: string, { start, end, replacement }: Mutant): string {
  return text.slice(0, start) + replacement + text.slice(end);
}

/** `src/filter/list-test.ts:12 comparison: < -> <=` */
export function describeMutant(text: string, mutant: Mutant): string {
  const line = text.slice(0, mutant.start).split('\n').length;
  const before = text.slice(mutant.start, mutant.end).replace(/\s+/g, ' ');
  const after = mutant.replacement.replace(/\s+/g, ' ');
  return `${mutant.file}:${line} ${mutant.name}: ${before} -> ${after}`;
}
