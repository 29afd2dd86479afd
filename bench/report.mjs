// Tables of a run, as Markdown.

const median = (values) => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

const thousands = (value) => Math.round(value).toLocaleString('en-US');
export const fixed = (value, digits) => (value === undefined || Number.isNaN(value) ? '-' : value.toFixed(digits));

/** Rows of texts as a Markdown table. */
export function table(head, rows) {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column].length)));
  const line = (row) =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** Ratios are taken round by round, between measurements a few seconds apart; their median stands in the table. */
export function pairedRatio(samples, others) {
  const ratios = [...samples.keys()].filter((round) => others?.has(round)).map((round) => samples.get(round).rps / others.get(round).rps);
  return ratios.length === 0 ? undefined : median(ratios);
}

/** All samples' values of one field; undefined where the first sample has none. */
function valuesOf(samples, field) {
  const values = [...samples.values()].map((sample) => sample[field]);
  return values[0] === undefined ? undefined : values;
}

const best = (field) => (samples) => thousands(Math.max(...valuesOf(samples, field)));
const typical = (field) => (samples) => thousands(median(valuesOf(samples, field)));
const optional = (field, pick, digits) => (samples) => {
  const values = valuesOf(samples, field);
  return fixed(values && pick(values), digits);
};

const RATE = [
  ['req/s best', best('rps')],
  ['median', typical('rps')],
];
const CPU = [
  ['CPU us/req best', optional('cpuPerRequest', (values) => Math.min(...values), 2)],
  ['median', optional('cpuPerRequest', median, 2)],
];

/** Columns of load tables: head, and text for the samples of a target. */
export const RPC_COLUMNS = [...RATE, ['p50 us', typical('p50')], ['p99 us', typical('p99')], ...CPU];
export const HTTP2_COLUMNS = [
  ...RATE,
  ['mean us', typical('mean')],
  ['max us', typical('max')],
  ...CPU,
  ['core %', optional('busy', median, 0)],
];

/** `results`: shape name -> target name -> round -> sample. `references`: what each rate is divided by, in columns of their own. */
export function loadTables(results, references, columns) {
  return [...results]
    .map(([shape, targets]) => {
      const measured = [...targets].filter(([, samples]) => samples.size > 0);
      const divisors = references.filter((name) => targets.has(name));
      const head = ['', ...columns.map(([name]) => name), ...divisors.map((name) => `/ ${name}`)];
      const rows = measured.map(([name, samples]) => [
        name,
        ...columns.map(([, text]) => text(samples)),
        ...divisors.map((other) => fixed(pairedRatio(samples, targets.get(other)), 2)),
      ]);
      return `### ${shape}\n\n${table(head, rows)}`;
    })
    .join('\n\n');
}

/** `results`: target name -> memory. */
export function memoryTable(results, count) {
  const rows = [...results].map(([name, memory]) => [
    name,
    fixed(memory.startSeconds, 2),
    fixed(memory.withoutMiB, 1),
    fixed(memory.withMiB, 1),
    fixed(memory.perConnectionKiB, 2),
  ]);
  return `### Start and memory, with ${thousands(count)} idle connections\n\n${table(['', 'listens after s', 'RSS before MiB', 'RSS with MiB', 'KiB per connection'], rows)}`;
}
