import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { endpointAt, entryOf } from '../testing/entries.ts';
import { formatEntry, formatHeader } from './known-good-format.ts';
import { type KnownGood, readKnownGood } from './known-good-reader.ts';
import type { ServiceEntry } from './registry.ts';

const TIME = Date.UTC(2026, 0, 1);
let folder: string;
let file: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'polywire-known-good-'));
  file = join(folder, 'zk.jsonl');
});
after(() => rm(folder, { recursive: true }));

const FULL = entryOf('users', [], {
  identity: { name: 'a.Users', group: 'g', version: undefined },
  aliases: ['u'],
  port: 20880,
  annotations: new Map([['polywire.io/service', 'g/a.Users']]),
  endpoints: [
    endpointAt('10.0.0.1', {
      weight: 0.5,
      startedAt: TIME,
      warmUp: { durationMs: 9, leastWeight: 1, leastShare: 0, exponent: 1, whole: true },
      labels: new Map([['region', 'eu']]),
      metadata: new Map([['__proto__', 'x']]),
      learnt: { session: '0x1f', at: TIME },
      overrides: [{ origin: '/rule', effect: 'weight 0.5, was 100' }],
    }),
  ],
  endpointRules: [
    {
      origin: '/rule',
      text: 'method=find* => ip=10.0.0.1',
      match: [{ of: { kind: 'method' }, match: { kind: 'prefix', value: 'find' }, negated: false }],
      choices: [[{ of: { kind: 'parameter', name: 'region' }, match: { kind: 'present' }, negated: true }], []],
      otherwise: 'refuse',
    },
    {
      origin: '/rule',
      text: '=> ip=$host | region=eu',
      match: [{ of: { kind: 'source' }, match: { kind: 'exact', value: '10.0.0.9' }, negated: true }],
      choices: [
        [{ of: { kind: 'ip' }, match: { kind: 'source' }, negated: false }],
        [{ of: { kind: 'parameter', name: 'region' }, match: { kind: 'exact', value: 'eu' }, negated: false }],
      ],
      weights: [1, 2],
      otherwise: 'pass',
    },
  ],
});

function textOf(entries: readonly ServiceEntry[], registry = 'zk'): string {
  return formatHeader({ registry, time: TIME, services: entries.length }) + entries.map(formatEntry).join('');
}

async function read(text: string | Buffer): Promise<{ known: KnownGood | undefined; warnings: string[] }> {
  await writeFile(file, text);
  const warnings: string[] = [];
  const known = await readKnownGood(file, 'zk', (warning) => warnings.push(warning.replaceAll(file, 'FILE')));
  return { known, warnings };
}

test('everything that is known of a service is read back', async () => {
  const { known, warnings } = await read(textOf([FULL, entryOf('orders', ['a', 'b'])]));
  assert.deepEqual(warnings, []);
  assert.deepEqual(known, { time: TIME, entries: [FULL, entryOf('orders', ['a', 'b'])] });
});

test('secrets that providers announce are not written down', () => {
  const origin = '/dubbo/a/providers/dubbo%3A%2F%2F10.0.0.1%2Fa%3Ftoken%3Dhunter2%26password%3Dhunter2%26a%3Db';
  const secrets = new Map([
    ['token', 'hunter2'],
    ['apiKey', 'hunter2'],
    ['timeout', '3'],
  ]);
  const overrides = [{ origin, effect: 'weight 2, was 1' }];
  const endpointRules = [{ origin, text: 'tag a', match: [], choices: [], otherwise: 'pass' }] as const;
  const endpoints = [endpointAt('a', { metadata: secrets, labels: secrets, origin, overrides })];
  const text = formatEntry(entryOf('users', [], { endpoints, endpointRules }));
  assert.ok(!text.includes('hunter2'), text);
  assert.ok(text.includes('["timeout","3"]') && text.includes('%26a%3Db'), text);
});

test('no file is no fault', async () => {
  const warnings: string[] = [];
  assert.equal(await readKnownGood(join(folder, 'none'), 'zk', (warning) => warnings.push(warning)), undefined);
  assert.deepEqual(warnings, []);
});

test('a file that is not to be used is named, with the reason', async () => {
  const cases: Readonly<Record<string, string>> = {
    '': 'FILE is not used: it is empty',
    'listeners: []\n': 'FILE:1: the file is not used: it is no file of last known services',
    '{"format":"other","version":1}\n': 'FILE:1: the file is not used: it is no file of last known services',
    [textOf([], 'nacos')]: 'FILE:1: the file is not used: it is of the registry "nacos", not of "zk"',
    [textOf([]).replace('"version":1', '"version":2')]: 'FILE:1: the file is not used: its version is 2, and this Polywire knows 1',
  };
  for (const [text, expected] of Object.entries(cases)) {
    assert.deepEqual(await read(text), { known: undefined, warnings: [expected] }, text);
  }
  const warnings: string[] = [];
  assert.equal(await readKnownGood(folder, 'zk', (warning) => warnings.push(warning)), undefined);
  assert.match(warnings.join(), /is not used: EISDIR/);
});

test('a line that cannot be read is left out and named, and the others are used', async () => {
  const [head = '', users = '', orders = ''] = textOf([entryOf('users', ['10.0.0.1']), entryOf('orders', ['10.0.0.2'])]).split(/(?<=\n)/);
  const { known, warnings } = await read(`${head}${users.replace('10.0.0.1', '10.0.0.3')}${orders}`);
  assert.deepEqual(known?.entries, [entryOf('orders', ['10.0.0.2'])]);
  assert.deepEqual(warnings, ['FILE:2: the service in this line is left out: its checksum is wrong']);
  const twice = await read(`${head}${users}${users}`);
  assert.deepEqual(twice.warnings, ['FILE:3: the service in this line is left out: users was there before']);
  const foreign = await read(`${head}${users}{"host":"orders"}\n`);
  assert.deepEqual(foreign.warnings, ['FILE:3: the service in this line is left out: it is not a whole line']);
});

test('of many broken lines a few are named', async () => {
  const { warnings } = await read(formatHeader({ registry: 'zk', time: TIME, services: 100 }) + 'x\n'.repeat(100));
  assert.equal(warnings.length, 6);
  assert.equal(warnings.at(-1), 'FILE: 100 lines could not be read');
});

test('a file that was cut off anywhere says so, and gives no service but those that were written', async () => {
  const entries = [FULL, entryOf('orders', ['a', 'b'])];
  const text = Buffer.from(textOf(entries));
  for (let length = 0; length < text.length - 1; length += 7) {
    const { known, warnings } = await read(text.subarray(0, length));
    assert.ok(warnings.length > 0, `${length} bytes`);
    for (const [index, entry] of (known?.entries ?? []).entries()) assert.deepEqual(entry, entries[index]);
  }
});

test('no change of any byte makes another service', async () => {
  const entries = [FULL, entryOf('orders', ['a', 'b'])];
  const text = Buffer.from(textOf(entries));
  const change = fc.tuple(fc.nat(text.length - 1), fc.nat(255));
  await fc.assert(
    fc.asyncProperty(change, async ([at, byte]) => {
      const changed = Buffer.from(text);
      changed[at] = byte;
      const { known } = await read(changed);
      for (const entry of known?.entries ?? [])
        assert.deepEqual(
          entry,
          entries.find(({ host }) => host === entry.host),
        );
    }),
    { numRuns: 300 },
  );
});
