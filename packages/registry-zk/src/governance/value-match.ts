import type { RequestCondition } from '@polywire/core/spi';
import { integersBetween } from './integer-range.ts';

/** A value that names what the caller says of itself. */
export function isReference(value: string): boolean {
  return value.startsWith('$');
}

/**
 * The condition that one of the values is, as Dubbo's ValuePatterns have them: the last `*` stands for any text, `1~5` for whole numbers.
 * @param isAll whether every text is one
 */
export function anyOf(values: readonly string[]): RequestCondition['match'] {
  const [first = '', ...others] = values;
  if (others.length === 0) {
    const star = first.lastIndexOf('*');
    if (first === '*') return { kind: 'present' };
    if (star < 0 && !isRange(first)) return { kind: 'exact', value: first };
    if (star === first.length - 1 && !isRange(first)) return { kind: 'prefix', value: first.slice(0, -1) };
  }
  return { kind: 'regex', value: values.map(expression).join('|') };
}

/** Whether a text is one of the values. */
export function isAnyOf(values: readonly string[], text: string): boolean {
  return values.some((value) => new RegExp(`^(?:${expression(value)})$`, 's').test(text));
}

/** A literal as part of a regular expression. */
export function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

function isRange(value: string): boolean {
  return value.includes('~');
}

function expression(value: string): string {
  if (isRange(value)) return integersBetween(value);
  const star = value.lastIndexOf('*');
  return star < 0 ? escaped(value) : `${escaped(value.slice(0, star))}[\\s\\S]*${escaped(value.slice(star + 1))}`;
}
