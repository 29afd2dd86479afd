import { RE2JS } from 're2js';
import { isJsonObject } from '../json.ts';
import { mapsOf, RuleError, type RuleMap, textOf } from './rule-text.ts';

/** A condition on a text that may be absent. */
export type TextMatch = (value: string | undefined) => boolean;

/** A condition on one parameter of a provider. */
export interface ParameterMatch {
  readonly key: string;
  readonly match: TextMatch;
}

/**
 * Reads a condition of rules of version 3.0 (Dubbo's StringMatch): the first of `exact`, `prefix`, `regex` and `wildcard` that is written counts, where
 * the value is there; else `empty` and `noempty`.
 * @throws RuleError
 */
export function parseTextMatch(written: unknown): TextMatch {
  const map = isJsonObject(written) ? written : {};
  const [exact, prefix, wildcard] = ['exact', 'prefix', 'wildcard'].map((key) => textOf(map[key]));
  const regex = regexOf(map);
  const isEmpty = map['empty'] !== undefined;
  const isNotEmpty = map['noempty'] !== undefined;
  return (value) => {
    if (value !== undefined) {
      if (exact !== undefined) return value === exact;
      if (prefix !== undefined) return value.startsWith(prefix);
      if (regex !== undefined) return regex.matches(value);
      if (wildcard !== undefined) return wildcard === '*' || value === wildcard;
    }
    if (isEmpty) return value === undefined || value === '';
    return isNotEmpty && value !== undefined && value !== '';
  };
}

/** Reads a list of `key` and `value`, all of which must hold. */
export function parseParameterMatches(written: unknown): ParameterMatch[] {
  return mapsOf(written).map((each) => {
    const key = textOf(each['key']);
    if (key === undefined) throw new RuleError('a match has no key');
    return { key, match: parseTextMatch(each['value']) };
  });
}

// Java's expressions, as far as RE2 knows them: others could be made to take for ever.
function regexOf(map: RuleMap): RE2JS | undefined {
  const text = textOf(map['regex']);
  if (text === undefined) return undefined;
  try {
    return RE2JS.compile(text);
  } catch {
    throw new RuleError(`regex ${text}: RE2 does not know it`);
  }
}
