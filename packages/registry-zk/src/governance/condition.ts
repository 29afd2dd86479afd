import { RuleError } from './rule-text.ts';

/** What a condition says of one thing: it must be one of `matches` if there are any, and none of `mismatches`. */
export interface Comparison {
  readonly key: string;
  readonly matches: readonly string[];
  readonly mismatches: readonly string[];
}

/** `method = find* => address = 10.0.0.1:20880`. */
export interface Condition {
  /** As it is written. */
  readonly text: string;
  /** Which calls it is for; empty: all. */
  readonly calls: readonly Comparison[];
  /** Which providers take them; undefined: none does. */
  readonly providers: readonly Comparison[] | undefined;
}

/**
 * Reads a condition as Dubbo's ConditionRouter does.
 * @throws RuleError
 */
export function parseCondition(text: string): Condition {
  if (text.trim() === '') throw new RuleError('a condition is empty');
  const rule = text.replaceAll('consumer.', '').replaceAll('provider.', '');
  const arrow = rule.indexOf('=>');
  const when = arrow < 0 ? '' : rule.slice(0, arrow).trim();
  const then = (arrow < 0 ? rule : rule.slice(arrow + 2)).trim();
  return {
    text: text.trim(),
    calls: when === 'true' ? [] : parseComparisons(when),
    providers: then === '' || then === 'false' ? undefined : parseComparisons(then),
  };
}

/**
 * Reads one side of a condition: `method = find*,get* & application != a`.
 * @throws RuleError
 */
export function parseComparisons(text: string): Comparison[] {
  const comparisons = new Map<string, { matches: Set<string>; mismatches: Set<string> }>();
  let current: { matches: Set<string>; mismatches: Set<string> } | undefined;
  let values: Set<string> | undefined;
  let separator = '';
  // Dubbo's expression, `([&!=,]*)\s*([^&!=,\s]+)`, in two: as one it takes the square of the text's length where separators or blanks pile up.
  for (const [content] of text.matchAll(/[&!=,]+|[^&!=,\s]+/g)) {
    if (/^[&!=,]/.test(content)) {
      separator = content;
      continue;
    }
    if (separator === '' || separator === '&') {
      const known = separator === '&' ? comparisons.get(content) : undefined;
      current = known ?? { matches: new Set(), mismatches: new Set() };
      comparisons.set(content, current);
    } else {
      if (separator === '=') values = current?.matches;
      else if (separator === '!=') values = current?.mismatches;
      else if (separator !== ',' || values?.size === 0) values = undefined;
      if (values === undefined) throw new RuleError(`condition "${text}": unexpected ${separator} before "${content}"`);
      values.add(content);
    }
    separator = '';
  }
  return [...comparisons].map(([key, { matches, mismatches }]) => ({ key, matches: [...matches], mismatches: [...mismatches] }));
}
