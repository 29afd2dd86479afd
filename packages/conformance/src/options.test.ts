import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CodecCore, ConfigError } from '@polywire/core/spi';
import { allCases, facetsOf } from './suite.ts';
import { toyBytes, toyProtocol } from './toy.test-support.ts';
import { toyOptions } from './toy-samples.test-support.ts';
import { judge, subjectOf } from './verdict.ts';

const ID_CASE = 'assigning an id changes the id and nothing else';

function statusOf(name: string, options: Partial<typeof toyOptions>): string {
  const found = allCases.find((each) => each.name === name);
  assert.ok(found);
  const subject = subjectOf({ ...toyOptions, ...options });
  return judge(subject, facetsOf(subject), found).status;
}

describe('what an author says of a codec', () => {
  it('is how many bytes change with an id, wherever they are', () => {
    // Eight bytes of id, of which none is a zero.
    const samples = { request: [{ name: 'one', bytes: toyBytes('request', 0x1111_1111_1111_1111n, ['a', 'b'], '') }] };
    assert.equal(statusOf(ID_CASE, { samples, idBytes: 8 }), 'pass');
    assert.equal(statusOf(ID_CASE, { samples, idBytes: 7 }), 'fail');
  });

  it('is how to make a checksum right, so that fuzz gets past it', () => {
    const sealed: number[] = [];
    statusOf('fuzz: what is found in the front of a mutated request is what is found in the whole', {
      fuzzRuns: 5,
      reseal: (bytes) => {
        sealed.push(bytes.length);
      },
    });
    assert.ok(sealed.length >= 5);
  });

  it('is that a codec minds a checksum, which then is right behind relayed frames', () => {
    const name = 'a frame that is patched and relayed as it arrives ends in the checksum that the whole one would have';
    const masked = (mask: Buffer | undefined) => (core: CodecCore) => ({ ...toyProtocol(core), integrity: { trailerMask: () => mask } });
    assert.equal(statusOf(name, {}), 'absent');
    assert.equal(statusOf(name, { protocol: masked(undefined) }), 'fail');
    assert.equal(statusOf(name, { protocol: masked(Buffer.of(1)) }), 'fail');
  });

  it('are headers that an edit cannot change without changing the service', () => {
    const edited = 'a header that exists is replaced by set, appended to by add, gone after remove';
    const request = toyOptions.samples.request.slice(0, 1);
    assert.equal(statusOf(edited, {}), 'pass');
    assert.equal(statusOf(edited, { samples: { request }, routingHeaders: ['timeout', 'tag', 'zone'] }), 'absent');
  });

  it('are the settings that it runs with', () => {
    assert.throws(() => subjectOf({ ...toyOptions, settings: { colour: 'red' } }), ConfigError);
    assert.equal(subjectOf({ ...toyOptions, settings: {} }).protocol.name, 'toy');
    const { configure: _configure, ...plain } = toyProtocol({ intern: (chunk, from, to) => chunk.toString('utf8', from, to) });
    assert.throws(() => subjectOf({ ...toyOptions, protocol: () => plain, settings: {} }), /takes no settings/);
  });
});
