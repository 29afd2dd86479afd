import type { Endpoint } from '@polywire/core/spi';
import { isLabel, sortedByKey } from '../labels.ts';
import { applicationOf, TAG, tagOf } from './endpoint-parameters.ts';
import { hasTag, type TagRule } from './tag-rule.ts';

/** Between several tags of one endpoint. No tag has one. */
const SEPARATOR = ' ';
/** Instead of its own tag, when a rule says who else has that tag. */
const NO_TAG = '-';

/** A tag that calls may ask for. */
export interface KnownTag {
  readonly name: string;
  /** Path of the rule that gives it, or of the node in which providers register that say it themselves. */
  readonly origin: string;
  /** Whether a rule gives it. Such a tag is also asked for by `name|more`. */
  readonly isDynamic: boolean;
  /** Calls that ask for it are refused when it has no provider. */
  readonly force: boolean;
}

/** Endpoints with the tags that calls reach them by. */
export interface TaggedEndpoints {
  /** Those that no rule changes are the same objects. */
  readonly endpoints: readonly Endpoint[];
  /** By name, in order. */
  readonly tags: readonly KnownTag[];
  /** Whether some endpoint has more than one. */
  readonly hasSeveral: boolean;
}

/** @param ruleOf the rule in force for an application */
export function tagEndpoints(endpoints: readonly Endpoint[], ruleOf: (application: string) => TagRule | undefined): TaggedEndpoints {
  const rules = rulesOf(endpoints, ruleOf);
  const tags = new Map<string, KnownTag>();
  for (const [application, rule] of rules) {
    const own = endpoints.filter((endpoint) => applicationOf(endpoint) === application);
    for (const tag of rule.tags) {
      const isThere = tag.addresses.length > 0 || own.some((endpoint) => tag.matches !== undefined && hasTag(tag, endpoint));
      if (isThere) tags.set(tag.name, { name: tag.name, origin: rule.origin, isDynamic: true, force: rule.force });
    }
  }
  let hasSeveral = false;
  const tagged = endpoints.map((endpoint) => {
    const own = tagOf(endpoint);
    const rule = rules.get(applicationOf(endpoint) ?? '');
    const given = [...new Set(rule?.tags.filter((tag) => tags.has(tag.name) && hasTag(tag, endpoint)).map(({ name }) => name))];
    if (own !== undefined && !tags.has(own)) {
      const origin = endpoint.origin.slice(0, endpoint.origin.lastIndexOf('/'));
      tags.set(own, { name: own, origin, isDynamic: false, force: false });
    }
    if (rule === undefined || (own === undefined && given.length === 0)) return endpoint;
    const reach = own !== undefined && tags.get(own)?.isDynamic === false ? [...given, own] : given;
    hasSeveral ||= reach.length > 1;
    return withTag(endpoint, own, reach.join(SEPARATOR) || NO_TAG, rule.origin);
  });
  return { endpoints: tagged, tags: [...tags.values()].sort((a, b) => (a.name < b.name ? -1 : 1)), hasSeveral };
}

function rulesOf(endpoints: readonly Endpoint[], ruleOf: (application: string) => TagRule | undefined): Map<string, TagRule> {
  const rules = new Map<string, TagRule>();
  for (const application of new Set(endpoints.map(applicationOf))) {
    const rule = application === undefined ? undefined : ruleOf(application);
    if (application !== undefined && rule !== undefined) rules.set(application, rule);
  }
  return rules;
}

/** As a label where it can be one: several tags cannot. */
function withTag(endpoint: Endpoint, own: string | undefined, value: string, origin: string): Endpoint {
  if (own === value) return endpoint;
  const [labels, metadata] = [new Map(endpoint.labels), new Map(endpoint.metadata)];
  labels.delete(TAG);
  metadata.delete(TAG);
  (isLabel(TAG, value) ? labels : metadata).set(TAG, value);
  const effect = `${TAG} ${value === NO_TAG ? 'of no use' : value}, was ${own ?? 'not set'}`;
  const overrides = [...(endpoint.overrides ?? []), { origin, effect }];
  return { ...endpoint, labels: sortedByKey(labels), metadata: sortedByKey(metadata), overrides };
}
