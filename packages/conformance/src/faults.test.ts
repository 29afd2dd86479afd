import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { faults, faulty } from './faults.test-support.ts';
import { allCases, facetsOf } from './suite.ts';
import { toyOptions } from './toy-samples.test-support.ts';
import { judge, subjectOf } from './verdict.ts';

describe('a codec with one fault', () => {
  for (const fault of faults) {
    it(`fails "${fault.caughtBy}": ${fault.name}`, () => {
      const named = allCases.filter(({ name }) => name.includes(fault.caughtBy));
      assert.notEqual(named.length, 0, 'no case has that name');
      const subject = subjectOf({ ...toyOptions, protocol: faulty(fault) });
      const facets = facetsOf(subject);
      const failed = named.some((each) => judge(subject, facets, each).status === 'fail');
      assert.ok(failed, 'the case passed');
    });
  }

  it('is told from one without by every case that names a fault', () => {
    const subject = subjectOf(toyOptions);
    const facets = facetsOf(subject);
    const named = allCases.filter(({ name }) => faults.some(({ caughtBy }) => name.includes(caughtBy)));
    for (const each of named) assert.deepEqual([each.name, judge(subject, facets, each).detail], [each.name, '']);
  });
});
