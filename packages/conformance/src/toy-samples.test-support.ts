import type { CodecSamples, ConformanceOptions } from './samples.ts';
import { toyBytes, toyProtocol } from './toy.test-support.ts';

const BIG = 0xfedc_ba98_7654_3210n;

const samples: CodecSamples = {
  request: [
    {
      name: 'with headers',
      bytes: toyBytes('request', BIG, ['shop.Cart', 'add', 'timeout=001500', 'tag=gr%C3%BCn', 'zone=a'], `payload ${'z'.repeat(300)}`),
      service: 'shop.Cart',
      method: 'add',
      headers: { tag: 'grün', zone: 'a', nothing: undefined },
      timeoutMs: 1500,
      bindsConnection: false,
    },
    {
      name: 'bare',
      bytes: toyBytes('request', 5n, ['shop.Cart', 'clear'], ''),
      service: 'shop.Cart',
      method: 'clear',
      headers: { tag: undefined },
      timeoutMs: 0,
    },
    { name: 'bound', bytes: toyBytes('request', 6n, ['s', 'm', 'callback=1'], 'x'), bindsConnection: true },
  ],
  oneway: [{ name: 'log', bytes: toyBytes('oneway', 0n, ['shop.Log', 'write', 'tag=x'], 'text') }],
  response: [
    { name: 'fine', bytes: toyBytes('response', BIG, [], 'done'), outcome: 'ok', answers: 'with headers' },
    { name: 'failed', bytes: toyBytes('response', 5n, [], 'oh no', 1), outcome: 'failure', answers: 'bare' },
  ],
  ping: [{ name: 'ping', bytes: toyBytes('ping', 9n, [], ''), pong: toyBytes('pong', 9n, [], '') }],
  pong: [{ name: 'pong', bytes: toyBytes('pong', 9n, [], '') }],
  goaway: [{ name: 'bye', bytes: toyBytes('goaway', 0n, [], '') }],
  control: [{ name: 'note', bytes: toyBytes('control', 1n, [], 'note') }],
};

const unknownKind = toyBytes('request', 1n, ['a', 'b'], '');
unknownKind[1] = 0x77;

/** The toy without a fault, with samples of everything that it has. */
export const toyOptions: ConformanceOptions = {
  protocol: toyProtocol,
  samples,
  malformed: [
    { name: 'another magic', bytes: Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n'), expect: 'connection' },
    { name: 'an unknown kind', bytes: unknownKind, expect: 'frame' },
    { name: 'no method', bytes: toyBytes('request', 1n, ['alone'], ''), expect: 'frame' },
  ],
  calls: {
    requests: [
      {
        name: 'of a version',
        call: { service: 'shop.Cart', group: 'ü', version: '1.0', method: 'add', arguments: ['a'] },
        headers: { group: 'ü', version: '1.0', tag: undefined },
      },
    ],
    refused: [
      { name: 'with a message', call: { service: 's', group: undefined, version: undefined, method: 'm', arguments: Buffer.alloc(1) } },
    ],
    answers: [
      { name: 'done', bytes: toyBytes('response', 1n, [], 'done'), says: { kind: 'value', value: 'done' } },
      { name: 'sold out', bytes: toyBytes('response', 1n, [], 'sold out', 1), says: { kind: 'failed', reason: 'sold out' } },
      { name: 'without words', bytes: toyBytes('response', 1n, [], '', 1) },
    ],
    nest: (depth) => toyBytes('response', 1n, [], '['.repeat(depth)),
  },
  nest: (depth) => toyBytes('request', 1n, ['a', 'b'], '['.repeat(depth)),
  seed: 20_260_101,
  fuzzRuns: 500,
};
