import type { HeaderField } from '@polywire/core/spi';

/** What becomes of a name's values: may they enter the dynamic table at first sight, when they come again, not at all, nowhere ever. */
export type NameRule = 'index' | 'when-repeated' | 'literal' | 'never';

/** As nghttp2 has it, for names whose values mostly differ; but paths of RPC are few. */
const RULES: ReadonlyMap<string, NameRule> = new Map([
  [':path', 'when-repeated'],
  ['age', 'literal'],
  ['content-length', 'literal'],
  ['etag', 'literal'],
  ['if-modified-since', 'literal'],
  ['if-none-match', 'literal'],
  ['location', 'literal'],
  ['set-cookie', 'literal'],
  ['authorization', 'never'],
  ['proxy-authorization', 'never'],
]);

/** Shorter cookies can be guessed by who sees how well they compress: RFC 7541, section 7.1.3; the bound is Firefox's and nghttp2's. */
const GUESSABLE_COOKIE = 20;

export function ruleOf(name: string): NameRule {
  return RULES.get(name) ?? 'index';
}

/** Whether a field must be a never-indexed literal. */
export function isSecret(field: HeaderField, rule: NameRule): boolean {
  return field.neverIndexed || rule === 'never' || (field.value.length < GUESSABLE_COOKIE && field.name === 'cookie');
}
