import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Histogram } from './histogram.ts';
import { METRICS, type Metric } from './metrics.ts';
import { renderPrometheus } from './prometheus.ts';

interface Sample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

/** A strict reader of the text format, written from its description and sharing nothing with the writer. */
function parse(text: string): { types: Map<string, string>; help: Map<string, string>; samples: Sample[] } {
  assert.ok(text === '' || text.endsWith('\n'), 'the last line ends with a line feed');
  const types = new Map<string, string>();
  const help = new Map<string, string>();
  const samples: Sample[] = [];
  let family = '';
  for (const line of text.split('\n').slice(0, -1)) {
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/.exec(line);
    if (comment !== null) {
      const [, kind, name = '', rest = ''] = comment;
      const seen = kind === 'HELP' ? help : types;
      assert.ok(!seen.has(name), `${kind} ${name} twice`);
      seen.set(name, rest);
      family = name;
      continue;
    }
    const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    assert.ok(sample, `not a sample: ${line}`);
    const [, name = '', inside = '', number = ''] = sample;
    assert.ok(name === family || name.startsWith(`${family}_`), `${name} stands outside of its family`);
    samples.push({ name, labels: parseLabels(inside), value: number === '+Inf' ? Number.POSITIVE_INFINITY : Number(number) });
  }
  return { types, help, samples };
}

function parseLabels(text: string): Map<string, string> {
  const labels = new Map<string, string>();
  const pair = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\n"])*)"(,|$)/y;
  while (pair.lastIndex < text.length) {
    const match = pair.exec(text);
    assert.ok(match, `not labels: ${text}`);
    const [, name = '', value = ''] = match;
    assert.ok(!labels.has(name), `${name} twice`);
    labels.set(
      name,
      value.replace(/\\(.)/g, (_, char) => (char === 'n' ? '\n' : char)),
    );
  }
  return labels;
}

test('series of one family come together under one HELP and one TYPE', () => {
  const metrics: Metric[] = [
    { family: METRICS.requests, labels: { outcome: 'ok' }, value: 3 },
    { family: METRICS.uptime, labels: {}, value: 1.5 },
    { family: METRICS.requests, labels: { outcome: 'failure' }, value: 4 },
  ];
  const { types, samples } = parse(renderPrometheus(metrics));
  assert.equal(types.get('polywire_requests_total'), 'counter');
  assert.deepEqual(
    samples.map(({ name, value }) => [name, value]),
    [
      ['polywire_requests_total', 3],
      ['polywire_requests_total', 4],
      ['polywire_uptime_seconds', 1.5],
    ],
  );
});

test('hostile label values and help texts come back whole', () => {
  const nasty = 'a"b\\c\nd}e,f="g"';
  const family = { name: 'polywire_x', help: 'one\ntwo \\ three', type: 'gauge' } as const;
  const { help, samples } = parse(renderPrometheus([{ family, labels: { service: nasty, other: '' }, value: 1 }]));
  assert.equal(samples[0]?.labels.get('service'), nasty);
  assert.equal(samples[0]?.labels.get('other'), '');
  assert.equal(help.get('polywire_x'), 'one\\ntwo \\\\ three');
});

test('a histogram has cumulative buckets that end in +Inf, a sum and a count', () => {
  const histogram = new Histogram();
  for (const us of [50, 5_000, 200_000_000]) histogram.record(us);
  const { samples, types } = parse(
    renderPrometheus([{ family: METRICS.requestDuration, labels: { listener: 'in' }, value: histogram.snapshot() }]),
  );
  assert.equal(types.get('polywire_request_duration_seconds'), 'histogram');
  const buckets = samples.filter(({ name }) => name.endsWith('_bucket'));
  const counts = buckets.map(({ value }) => value);
  assert.deepEqual(
    [...counts].sort((a, b) => a - b),
    counts,
  );
  const last = buckets.at(-1);
  assert.equal(last?.labels.get('le'), '+Inf');
  assert.equal(last?.labels.get('listener'), 'in');
  assert.equal(last?.value, 3);
  assert.deepEqual(
    buckets.slice(0, -1).filter(({ labels }) => Number.isNaN(Number(labels.get('le')))),
    [],
  );
  assert.equal(samples.find(({ name }) => name.endsWith('_count'))?.value, 3);
  assert.equal(samples.find(({ name }) => name.endsWith('_sum'))?.value, 200.00505);
});

test('infinite and unordered values are written as the format wants them', () => {
  const family = METRICS.uptime;
  const values = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN].map((value) => ({ family, labels: {}, value }));
  assert.match(renderPrometheus(values), / \+Inf\n.* -Inf\n.* NaN\n$/s);
});

test('names of families are unique and follow the naming rules', () => {
  const families = Object.values(METRICS);
  assert.equal(new Set(families.map(({ name }) => name)).size, families.length);
  for (const { name, type } of families) {
    assert.match(name, /^polywire_[a-z_]+$/);
    assert.equal(name.endsWith('_total'), type === 'counter', name);
  }
});
