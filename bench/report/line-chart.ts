import { parse, type Spec, View } from 'vega';
import type { Point } from './figures.ts';

/** One line with its marks, and its name in the legend. */
export interface Series {
  name: string;
  points: readonly Point[];
}

export interface Axis {
  title: string;
  isLogarithmic?: boolean;
  /** d3-format, such as `~s` for 20k. */
  format?: string;
}

export interface LineChart {
  title: string;
  x: Axis;
  y: Axis;
  series: readonly Series[];
  /** All names that have a colour of their own, so that it is the same in every plot. */
  names: readonly string[];
}

const WIDTH_PX = 640;
const HEIGHT_PX = 360;
const FONT = 'system-ui, sans-serif';
/** Told apart by people who see fewer colours too. @see https://jfly.uni-koeln.de/color/ */
const COLOURS = [
  ...['#d55e00', '#e69f00', '#a6761d', '#0072b2', '#009e73', '#cc79a7', '#56b4e9', '#999999'],
  ...['#f0c000', '#7a5195', '#000000'],
];
const SHAPES = [
  ...['circle', 'square', 'triangle-up', 'diamond', 'cross', 'triangle-down', 'triangle-right'],
  ...['triangle-left', 'wedge', 'arrow', 'square'],
];

/** The plot as SVG, on white, so that it reads on a dark page too. */
export async function drawLineChart(chart: LineChart): Promise<string> {
  const view = new View(parse(chartSpec(chart)), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return `${svg}\n`;
}

function chartSpec({ title, x, y, series, names }: LineChart): Spec {
  const values = series.flatMap(({ name, points }) =>
    points.map(([pointX, pointY]) => ({ name, x: pointX, y: pointY })),
  );
  const position = {
    x: { scale: 'x', field: 'x' },
    y: { scale: 'y', field: 'y' },
    stroke: { scale: 'colour', field: 'name' },
  };
  return {
    $schema: 'https://vega.github.io/schema/vega/v6.json',
    background: 'white',
    padding: 12,
    width: WIDTH_PX,
    height: HEIGHT_PX,
    title: { text: title, anchor: 'start', fontSize: 15, font: FONT, offset: 12 },
    data: [{ name: 'points', values }],
    scales: [
      { name: 'x', range: 'width', domain: { data: 'points', field: 'x' }, ...scaleOf(x) },
      { name: 'y', range: 'height', domain: { data: 'points', field: 'y' }, ...scaleOf(y) },
      ...[
        { name: 'colour', range: COLOURS },
        { name: 'shape', range: SHAPES },
      ].map((scale) => ({
        ...scale,
        type: 'ordinal' as const,
        domain: [...names],
      })),
    ],
    axes: [
      { orient: 'bottom', scale: 'x', ...axisOf(x) },
      { orient: 'left', scale: 'y', ...axisOf(y) },
    ],
    legends: [
      {
        stroke: 'colour',
        shape: 'shape',
        values: series.map(({ name }) => name),
        labelFont: FONT,
        labelFontSize: 12,
        symbolStrokeWidth: 2,
        symbolFillColor: 'transparent',
      },
    ],
    marks: [
      {
        type: 'group',
        from: { facet: { name: 'line', data: 'points', groupby: 'name' } },
        marks: [
          {
            type: 'line',
            from: { data: 'line' },
            encode: { enter: { ...position, strokeWidth: { value: 2 } } },
          },
          {
            type: 'symbol',
            from: { data: 'line' },
            encode: {
              enter: {
                ...position,
                shape: { scale: 'shape', field: 'name' },
                fill: { value: 'white' },
                strokeWidth: { value: 2 },
                size: { value: 45 },
              },
            },
          },
        ],
      },
    ],
  };
}

function scaleOf({
  isLogarithmic = false,
}: Axis): { type: 'log' } | { type: 'linear'; zero: true } {
  return isLogarithmic ? { type: 'log' } : { type: 'linear', zero: true };
}

function axisOf({ title, format = '~s', isLogarithmic = false }: Axis) {
  return {
    title,
    format,
    grid: true,
    gridColor: '#e5e5e5',
    labelFont: FONT,
    titleFont: FONT,
    labelFontSize: 12,
    titleFontSize: 12,
    titlePadding: 8,
    labelOverlap: 'greedy' as const,
    // Few ticks of a logarithmic axis carry a label as they are; more get in each other's way.
    tickCount: isLogarithmic ? 8 : 6,
  };
}
