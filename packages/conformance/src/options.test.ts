import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigError } from '@polywire/core/spi';
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

  it('are the settings that it runs with', () => {
    assert.throws(() => subjectOf({ ...toyOptions, settings: { colour: 'red' } }), ConfigError);
    assert.equal(subjectOf({ ...toyOptions, settings: {} }).protocol.name, 'toy');
    const { configure: _configure, ...plain } = toyProtocol({ intern: (chunk, from, to) => chunk.toString('utf8', from, to) });
    assert.throws(() => subjectOf({ ...toyOptions, protocol: () => plain, settings: {} }), /takes no settings/);
  });
});
