import type { EndpointCondition, EndpointRule, RequestCondition } from '@polywire/core/spi';
import { TAG } from './endpoint-parameters.ts';
import type { KnownTag, TaggedEndpoints } from './tagged-endpoints.ts';
import { escaped } from './value-match.ts';

/** With this attachment a call takes no provider without its tag (TagStateRouter.FORCE_USE_TAG). */
const FORCE: RequestCondition = {
  of: { kind: 'header', name: 'dubbo.force.tag' },
  match: { kind: 'regex', value: '(?i)true' },
  negated: false,
};
const NO_FORCE: RequestCondition = { ...FORCE, negated: true };
const UNTAGGED: readonly EndpointCondition[] = [
  { of: { kind: 'parameter', name: TAG }, match: { kind: 'regex', value: '.+' }, negated: true },
];

/**
 * What Dubbo's TagStateRouter does: a call that asks for a tag goes to the providers that have it, else to those without any, unless it, or
 * the rule, insists on the tag; a call that asks for none goes to those without any. Of each call one rule is true, or two that lead to the same.
 * @param origin of the rules for calls that ask for no tag, or for one that nobody has
 */
export function tagRoutes({ tags, hasSeveral }: Pick<TaggedEndpoints, 'tags' | 'hasSeveral'>, origin: string): EndpointRule[] {
  const rules = tags.flatMap((tag) => routesOf(tag, tags, hasSeveral));
  const asked = asks({ kind: 'regex', value: '.+' });
  const others = tags.map(({ name }) => not(asks({ kind: 'exact', value: name })));
  const beyond = tags.filter(({ isDynamic }) => isDynamic).map(({ name }) => not(asks({ kind: 'prefix', value: `${name}|` })));
  const rest = { origin, otherwise: 'refuse' } as const;
  return [
    ...rules,
    { ...rest, text: 'forced to another tag: nobody', match: [asked, FORCE, ...others], choices: [] },
    { ...rest, text: 'no tag, or another one: providers without a tag', match: [...others, ...beyond], choices: [UNTAGGED] },
  ];
}

function routesOf(tag: KnownTag, tags: readonly KnownTag[], hasSeveral: boolean): EndpointRule[] {
  const { name, origin, isDynamic, force } = tag;
  const match: RequestCondition['match'] = hasSeveral
    ? { kind: 'regex', value: `(?:.* )?${escaped(name)}(?: .*)?` }
    : { kind: 'exact', value: name };
  const tagged = [{ of: { kind: 'parameter', name: TAG }, match, negated: false }] as const;
  const orUntagged = isDynamic && force ? [tagged] : [tagged, UNTAGGED];
  const rule = { origin, otherwise: 'refuse' } as const;
  const exact = asks({ kind: 'exact', value: name });
  const rules: EndpointRule[] = [
    { ...rule, text: `forced to tag ${name}`, match: [exact, FORCE], choices: [tagged] },
    { ...rule, text: `tag ${name}`, match: [exact, NO_FORCE], choices: orUntagged },
  ];
  if (!isDynamic) return rules;
  // `a|b|c` asks for a rule's tag of that name, else for `a|b`, else for `a`.
  const longer = tags.filter((each) => each.isDynamic && each.name.startsWith(`${name}|`)).map((each) => each.name);
  const exceptions = longer.flatMap((value) => [not(asks({ kind: 'exact', value })), not(asks({ kind: 'prefix', value: `${value}|` }))]);
  const below = [asks({ kind: 'prefix', value: `${name}|` }), NO_FORCE, ...exceptions];
  return [...rules, { ...rule, text: `tag ${name}|...`, match: below, choices: orUntagged }];
}

function asks(match: RequestCondition['match']): RequestCondition {
  return { of: { kind: 'header', name: TAG }, match, negated: false };
}

function not(condition: RequestCondition): RequestCondition {
  return { ...condition, negated: true };
}
