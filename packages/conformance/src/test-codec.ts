import { after, describe, it } from 'node:test';
import type { ConformanceOptions } from './samples.ts';
import { allCases, facetsOf } from './suite.ts';
import { type CaseVerdict, judge, subjectOf, verdictOf, writeVerdict } from './verdict.ts';

/**
 * Registers the suite with node:test, one test per case of the facets that the codec has. Call it at the top level of a test file.
 * A case for which there is no sample passes with a diagnostic, and counts as absent in the verdict.
 * A failing test prints the seed; `POLYWIRE_SEED` repeats the run, `POLYWIRE_FUZZ_RUNS` makes it longer, and `POLYWIRE_VERDICT` names a
 * JSON file for the outcome, absent facets included.
 */
export function testCodec(options: ConformanceOptions): void {
  const subject = subjectOf(options);
  const facets = facetsOf(subject);
  const judged: CaseVerdict[] = [];
  describe(`${subject.protocol.name} conforms (seed ${subject.seed})`, () => {
    for (const each of allCases) {
      if (!facets.has(each.facet)) {
        judged.push(judge(subject, facets, each));
        continue;
      }
      it(`${each.facet}: ${each.name}`, (context) => {
        const verdict = judge(subject, facets, each);
        judged.push(verdict);
        if (verdict.status === 'absent') context.diagnostic(`absent: ${verdict.detail}`);
        if (verdict.status === 'fail') throw new Error(`${verdict.detail}\n(POLYWIRE_SEED=${verdict.seed})`);
      });
    }
    after(() => {
      const inOrder = allCases.flatMap(({ facet, name }) => judged.filter((verdict) => verdict.facet === facet && verdict.case === name));
      writeVerdict(verdictOf(subject, inOrder));
    });
  });
}
