import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Comparison, parseComparisons } from './condition.ts';
import { RuleError } from './rule-text.ts';

/** ConditionRouter.ROUTE_PATTERN: what stands before a key or a value, and that. */
const ROUTE_PATTERN = /([&!=,]*)\s*([^&!=,\s]+)/g;

function parsed(text: string): readonly Comparison[] | 'refused' {
  try {
    return parseComparisons(text);
  } catch (error) {
    if (error instanceof RuleError) return 'refused';
    throw error;
  }
}

test("any text means what Dubbo's own expression finds in it", () => {
  const part = fc.constantFrom('a', 'b', '&', '=', '!=', ',', '!', ' ', '\t');
  fc.assert(
    fc.property(fc.array(part, { maxLength: 16 }), (parts) => {
      const text = parts.join('');
      const found = [...text.matchAll(ROUTE_PATTERN)].map(([, separator, content]) => `${separator}${content}`);
      assert.deepEqual(parsed(text), parsed(found.join(' ')));
    }),
    { numRuns: 2000 },
  );
});

test('piles of separators and blanks take no more time than other text', () => {
  const before = process.cpuUsage();
  for (const piled of ['&', ' ', '! ']) parsed(`a = b${piled.repeat(100_000)}& c = d`);
  assert.ok(process.cpuUsage(before).user < 2_000_000);
});
