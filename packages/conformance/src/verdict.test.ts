import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { CodecCore, FrameProtocol } from '@polywire/core/spi';
import { toyBytes, toyProtocol } from './toy.test-support.ts';
import { toyOptions } from './toy-samples.test-support.ts';
import { runVerdict } from './verdict.ts';

/** Throws on some bytes only, so that fuzz has to find it. */
function seldomWrong(core: CodecCore): FrameProtocol {
  const toy = toyProtocol(core);
  const outcome = (): never => {
    throw new RangeError('seldom');
  };
  return {
    ...toy,
    routing: { ...toy.routing, outcome: (frame) => ((frame.chunk[frame.from + 2] ?? 0) > 1 ? outcome() : toy.routing.outcome(frame)) },
  };
}

const VARIABLE = 'POLYWIRE_VERDICT';
const quick = { ...toyOptions, fuzzRuns: 400 };

describe('runVerdict', () => {
  it('gives the same verdict for the same seed, failures of fuzz included', async () => {
    const [one, other] = [await runVerdict({ ...quick, protocol: seldomWrong }), await runVerdict({ ...quick, protocol: seldomWrong })];
    assert.deepEqual(one, other);
    const failed = one.cases.filter(({ status }) => status === 'fail');
    assert.equal(one.passed, false);
    assert.ok(failed.some((verdict) => verdict.facet === 'routing' && verdict.detail.includes('RangeError: seldom')));
    assert.ok(failed.every(({ detail }) => detail.includes(`POLYWIRE_SEED=${quick.seed}`)));
  });

  it('lists facets that a codec does not have as absent', async () => {
    const bare = (core: CodecCore): FrameProtocol => {
      const { name, connection } = toyProtocol(core);
      return {
        name,
        connection(options) {
          const { ping: _ping, pong: _pong, goAway: _goAway, ...rest } = connection(options);
          return rest;
        },
      };
    };
    const { cases, passed } = await runVerdict({
      protocol: bare,
      samples: { request: [{ name: 'r', bytes: toyBytes('request', 1n, ['a', 'b'], '') }] },
    });
    assert.equal(passed, true);
    const absent = new Set(cases.filter(({ status }) => status === 'absent').map(({ facet }) => facet));
    for (const facet of ['detection', 'multiplexing', 'routing', 'mediation', 'heartbeat', 'calls'] as const)
      assert.ok(absent.has(facet), facet);
    assert.ok(cases.every(({ facet, status }) => facet === 'framing' || status === 'absent'));
  });

  it('writes the verdict to the file that POLYWIRE_VERDICT names', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'verdict-'));
    const before = process.env[VARIABLE];
    process.env[VARIABLE] = join(folder, '{protocol}.json');
    try {
      const verdict = await runVerdict({ ...toyOptions, fuzzRuns: 1 });
      assert.deepEqual(JSON.parse(readFileSync(join(folder, 'toy.json'), 'utf8')), verdict);
    } finally {
      if (before === undefined) delete process.env[VARIABLE];
      else process.env[VARIABLE] = before;
      rmSync(folder, { recursive: true });
    }
  });
});
