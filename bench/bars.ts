import type { Spread } from './spread.ts';

/** Whose bars they are, and in which colour: one that can be told from white and from black. */
export type Series = { readonly name: string; readonly colour: string };

/** A part of a plot with a scale of its own; each group has a bar for each series, null where there is none. */
export type Panel = {
  readonly title: string;
  readonly groups: readonly { readonly label: string; readonly bars: readonly (Spread | null)[] }[];
};

/** What is plotted. */
export type Plot = {
  readonly title: string;
  readonly series: readonly Series[];
  readonly panels: readonly Panel[];
  /** How many panels stand side by side. */
  readonly columns: number;
};

const panelWidth = 520;
const panelHeight = 250;
const inner = { left: 52, right: 12, top: 34, bottom: 26 };
const headHeight = 40;
const legendLineHeight = 20;
const legendColumnWidth = 250;

/** A plot of bars with whiskers from the least to the most, as SVG, whose words and lines follow the reader's colour scheme. */
export function drawBars(plot: Plot): string {
  const width = plot.columns * panelWidth;
  const legendColumns = Math.floor(width / legendColumnWidth);
  const legendHeight = Math.ceil(plot.series.length / legendColumns) * legendLineHeight + 12;
  const top = headHeight + legendHeight;
  const height = top + Math.ceil(plot.panels.length / plot.columns) * panelHeight;
  const legend = plot.series.map(({ name, colour }, index) => {
    const x = inner.left + (index % legendColumns) * legendColumnWidth;
    const y = headHeight + Math.floor(index / legendColumns) * legendLineHeight;
    return `<rect x="${x}" y="${y}" width="12" height="12" fill="${colour}"/>${text(x + 18, y + 10, name)}`;
  });
  const panels = plot.panels.map((panel, index) => {
    const x = (index % plot.columns) * panelWidth;
    const y = top + Math.floor(index / plot.columns) * panelHeight;
    return `<g transform="translate(${x} ${y})">${drawPanel(panel, plot)}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escape(plot.title)}</title>`,
    `<style>${style}</style>`,
    text(inner.left, 24, plot.title, 'class="head"'),
    ...legend,
    ...panels,
    '</svg>\n',
  ].join('\n');
}

const style = `
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.head { font-size: 16px; font-weight: 600 }
.panel { font-weight: 600 }
.grid { stroke: #8c959f; stroke-opacity: .4 }
.whisker { stroke: #1f2328; stroke-width: 1.2 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .whisker { stroke: #e6edf3 }
}
`;

function drawPanel({ title, groups }: Panel, { series }: Plot): string {
  const bars = groups.flatMap((group) => group.bars).filter((bar) => bar !== null);
  const step = roundStep(Math.max(1, ...bars.map(({ most }) => most)));
  const steps = Math.max(1, Math.ceil(Math.max(0, ...bars.map(({ most }) => most)) / step));
  const plotHeight = panelHeight - inner.top - inner.bottom;
  const y = (value: number): string => (inner.top + plotHeight * (1 - value / (steps * step))).toFixed(1);
  const parts = [text(inner.left, 20, title, 'class="panel"')];
  for (let line = 0; line <= steps; line += 1) {
    const at = y(line * step);
    parts.push(
      `<line class="grid" x1="${inner.left}" x2="${panelWidth - inner.right}" y1="${at}" y2="${at}"/>`,
      text(inner.left - 6, Number(at) + 4, (line * step).toLocaleString('en'), 'text-anchor="end"'),
    );
  }
  const groupWidth = (panelWidth - inner.left - inner.right) / Math.max(1, groups.length);
  const barWidth = (groupWidth * 0.86) / Math.max(1, series.length);
  for (const [place, group] of groups.entries()) {
    const from = inner.left + (place + 0.07) * groupWidth;
    const middle = inner.left + (place + 0.5) * groupWidth;
    parts.push(text(middle, panelHeight - 8, group.label, 'text-anchor="middle"'));
    for (const [index, bar] of group.bars.entries()) {
      const its = series[index];
      if (bar === null || its === undefined) continue;
      parts.push(drawBar(bar, its, from + index * barWidth, barWidth, y));
    }
  }
  return parts.join('\n');
}

function drawBar(
  bar: Spread,
  series: Series,
  x: number,
  width: number,
  y: (value: number) => string,
): string {
  const figures = `${series.name}: ${bar.median.toFixed(1)} (${bar.least.toFixed(1)}–${bar.most.toFixed(1)})`;
  const centre = (x + width * 0.45).toFixed(1);
  const foot = Number(y(0));
  const whisker =
    bar.least === bar.most
      ? ''
      : `<line class="whisker" x1="${centre}" x2="${centre}" y1="${y(bar.least)}" y2="${y(bar.most)}"/>`;
  return (
    `<g><title>${escape(figures)}</title><rect x="${x.toFixed(1)}" y="${y(bar.median)}" width="${(width * 0.9).toFixed(1)}" ` +
    `height="${(foot - Number(y(bar.median))).toFixed(1)}" fill="${series.colour}"/>${whisker}</g>`
  );
}

/** A step of 1, 2 or 5 with zeros behind it, about four of which come to the most. */
function roundStep(most: number): number {
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
}

const text = (x: number, y: number, words: string, attributes = ''): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escape(words)}</text>`;

const escape = (words: string): string =>
  words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
