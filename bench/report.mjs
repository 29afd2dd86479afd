// Tables of a run, as Markdown.

const median = (values) => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

const thousands = (value) => Math.round(value).toLocaleString('en-US');
const fixed = (value, digits) => (value === undefined || Number.isNaN(value) ? '-' : value.toFixed(digits));

function table(head, rows) {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column].length)));
  const line = (row) =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** Ratios are taken round by round, between measurements a few seconds apart; their median stands in the table. */
function pairedRatio(samples, others) {
  const ratios = [...samples.keys()].filter((round) => others?.has(round)).map((round) => samples.get(round).rps / others.get(round).rps);
  return ratios.length === 0 ? undefined : median(ratios);
}

function row(name, samples, others) {
  const of = (field) => [...samples.values()].map((sample) => sample[field]);
  const cpu = samples.values().next().value.cpuPerRequest === undefined ? undefined : of('cpuPerRequest');
  return [
    name,
    thousands(Math.max(...of('rps'))),
    thousands(median(of('rps'))),
    thousands(median(of('p50'))),
    thousands(median(of('p99'))),
    fixed(cpu && Math.min(...cpu), 2),
    fixed(cpu && median(cpu), 2),
    ...others.map((other) => fixed(pairedRatio(samples, other), 2)),
  ];
}

/** `results`: shape name -> target name -> round -> sample. `references`: what each rate is divided by, in columns of their own. */
export function loadTables(results, references) {
  const head = ['', 'req/s best', 'median', 'p50 us', 'p99 us', 'CPU us/req best', 'median', ...references.map((name) => `/ ${name}`)];
  return [...results]
    .map(([shape, targets]) => {
      const measured = [...targets].filter(([, samples]) => samples.size > 0);
      const rows = measured.map(([name, samples]) =>
        row(
          name,
          samples,
          references.map((reference) => targets.get(reference)),
        ),
      );
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
