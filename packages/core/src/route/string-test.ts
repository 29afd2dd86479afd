import { RE2JS } from 're2js';
import type { StringMatch } from '../config/model.ts';

/** Answers remembered per value: rules see few distinct values, and hostile callers must not fill memory. */
const REMEMBERED_VALUES = 1024;
const REMEMBERED_LENGTH = 256;

/** A compiled StringMatch. `exact` is set when `===` decides, so that the hot path need not call. */
export interface StringTest {
  readonly exact: string | undefined;
  holds(value: string): boolean;
}

/** @throws Error when a regular expression is not RE2 */
export function compileStringMatch(match: StringMatch, ignoreCase: boolean): StringTest {
  switch (match.kind) {
    case 'present':
      return { exact: undefined, holds: () => true };
    case 'exact':
      if (!ignoreCase) return { exact: match.value, holds: (value) => value === match.value };
      return remembered(foldCase((value, wanted) => value === wanted, match.value));
    case 'prefix':
      if (!ignoreCase) return { exact: undefined, holds: (value) => value.startsWith(match.value) };
      return remembered(foldCase((value, wanted) => value.startsWith(wanted), match.value));
    case 'regex': {
      const regex = RE2JS.compile(match.value, ignoreCase ? RE2JS.CASE_INSENSITIVE : 0);
      return remembered((value) => regex.testExact(value));
    }
  }
}

/** As people read it: `exact "gray"`. */
export function describeStringMatch(match: StringMatch, ignoreCase: boolean): string {
  if (match.kind === 'present') return 'present';
  return `${match.kind} ${JSON.stringify(match.value)}${ignoreCase ? ' ignoring case' : ''}`;
}

function foldCase(compare: (value: string, wanted: string) => boolean, text: string): (value: string) => boolean {
  const wanted = text.toLowerCase();
  return (value) => compare(value.toLowerCase(), wanted);
}

/** Forgets everything when full, which costs less to keep than an order of use. */
function remembered(test: (value: string) => boolean): StringTest {
  const answers = new Map<string, boolean>();
  const holds = (value: string): boolean => {
    const known = answers.get(value);
    if (known !== undefined) return known;
    const answer = test(value);
    if (value.length <= REMEMBERED_LENGTH) {
      if (answers.size >= REMEMBERED_VALUES) answers.clear();
      answers.set(value, answer);
    }
    return answer;
  };
  return { exact: undefined, holds };
}
