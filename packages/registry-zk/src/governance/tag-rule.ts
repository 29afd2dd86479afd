import type { Endpoint } from '@polywire/core/spi';
import { ANY_HOST, matchesAddress } from './address-pattern.ts';
import { parameterOf } from './endpoint-parameters.ts';
import { isTrue, mapsOf, parseRule, RuleError, textOf, textsOf } from './rule-text.ts';
import { type ParameterMatch, parseParameterMatches } from './text-match.ts';

/** Tags that an operator gives to the providers of an application. */
export interface TagRule {
  /** Path of the node. */
  readonly origin: string;
  /** Calls that ask for one of its tags are refused when it has no provider. */
  readonly force: boolean;
  readonly tags: readonly DynamicTag[];
}

/** A tag and who has it: by address, or else by what providers say of themselves. */
export interface DynamicTag {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly matches: readonly ParameterMatch[] | undefined;
}

/**
 * Reads a node `<application>.tag-router` of the configuration centre, of version 2.7 or 3.0. undefined: it is switched off, or has no tags.
 * @throws RuleError
 */
export function parseTagRule(text: string, origin: string): TagRule | undefined {
  const rule = parseRule(text);
  const version = textOf(rule['configVersion']) ?? '';
  const tags = mapsOf(rule['tags']).map((tag): DynamicTag => {
    const name = textOf(tag['name']);
    if (name === undefined || name === '') throw new RuleError('a tag has no name');
    const addresses = textsOf(tag['addresses']);
    const hasMatches = version.startsWith('v3.0') && addresses.length === 0 && tag['match'] !== undefined;
    return { name, addresses, matches: hasMatches ? parseParameterMatches(tag['match']) : undefined };
  });
  if (!isTrue(rule['enabled'], true) || !isTrue(rule['valid'], true) || tags.length === 0) return undefined;
  return { origin, force: isTrue(rule['force'], false), tags };
}

/** Whether the rule gives the tag to a provider. */
export function hasTag({ addresses, matches }: DynamicTag, endpoint: Endpoint): boolean {
  const { address, port } = endpoint;
  if (matches !== undefined) return matches.every(({ key, match }) => match(parameterOf(endpoint, key)));
  return addresses.some((each) => each === `${ANY_HOST}:${port}` || matchesAddress(each, address, port));
}
