import type { Endpoint, EndpointRule } from '@polywire/core/spi';
import { serviceKey } from '../dubbo/service-key.ts';
import type { AnnouncedService } from '../follow/layout.ts';
import { conditionRoutes } from './condition-routes.ts';
import type { ConditionRule } from './condition-rule.ts';
import type { Subject } from './config-rule.ts';
import type { ConfigRules } from './config-rules.ts';
import { applies, type Configurator, consumerFault } from './configurator.ts';
import { configureEndpoint } from './configured-endpoint.ts';
import { applicationOf } from './endpoint-parameters.ts';
import type { OldRules } from './old-rules.ts';
import { tagRoutes } from './tag-routes.ts';
import type { TagRule } from './tag-rule.ts';
import { tagEndpoints } from './tagged-endpoints.ts';
import { escaped } from './value-match.ts';

/** A service as its rules leave it. */
export interface GovernedService {
  readonly endpoints: readonly Endpoint[];
  /** undefined: there are none. */
  readonly rules: readonly EndpointRule[] | undefined;
}

/** The rules in force. */
export interface Rules {
  readonly config: ConfigRules;
  readonly old: OldRules;
}

/** Rules of Dubbo's chain come in this order, whatever they are written in; 2.7 asks those of 2.6 at the priority that they say. */
const PRIORITY = { mesh: -50, tag: 100, affinity: 135, consumers: 150, script: 200 } as const;

const UNSUPPORTED = [
  ['.MESHAPPRULE', PRIORITY.mesh],
  ['.affinity-router', PRIORITY.affinity],
  ['.script-router', PRIORITY.script],
] as const;

interface Ranked {
  readonly priority: number;
  readonly rules: readonly EndpointRule[];
}

/**
 * Applies the rules to what providers announce.
 * @param hadTags whether calls might have asked for a tag before: those that insist on it then are still refused when nobody has it any more
 */
export function governService(service: AnnouncedService, endpoints: readonly Endpoint[], rules: Rules, hadTags: boolean): GovernedService {
  const { identity } = service;
  const key = serviceKey(identity);
  const applications = [...new Set(endpoints.flatMap((endpoint) => applicationOf(endpoint) ?? []))];
  const old = rules.old.configurators(identity);
  const own = configuratorsOf(rules, { kind: 'service', identity });
  const byApplication = new Map(applications.map((name) => [name, configuratorsOf(rules, { kind: 'application', name })]));
  const disabled = new Map<string, Endpoint[]>();
  const configured = endpoints.map((each) => {
    const provider = [...old, ...(byApplication.get(applicationOf(each) ?? '') ?? []), ...own];
    const { endpoint, disabledBy } =
      provider.length === 0 ? { endpoint: each } : configureEndpoint(each, key, { provider, consumer: [...old, ...own] });
    if (disabledBy !== undefined) disabled.set(disabledBy, [...(disabled.get(disabledBy) ?? []), endpoint]);
    return endpoint;
  });
  const tagged = tagEndpoints(configured, (application) => tagRuleOf(rules, application));
  const ranked: Ranked[] = [...chain(service, applications, rules)];
  if (tagged.tags.length > 0 || hadTags) {
    ranked.push({ priority: PRIORITY.tag, rules: tagRoutes(tagged, tagged.tags[0]?.origin ?? parentOf(endpoints[0]?.origin ?? '')) });
  }
  ranked.sort((a, b) => a.priority - b.priority);
  const absentRules = [...old, ...[...byApplication.values()].flat(), ...own]
    .filter((each) => isOfAbsent(each, endpoints, key))
    .map(absentRule);
  const all = [...disabledRules(disabled), ...ranked.flatMap((each) => each.rules), ...[...old, ...own].flatMap(faultRule), ...absentRules];
  return { endpoints: tagged.endpoints, rules: all.length === 0 ? undefined : all };
}

/** All but the tags. */
function* chain({ identity, protocol }: AnnouncedService, applications: readonly string[], { config, old }: Rules): Iterable<Ranked> {
  const service = { identity, protocol };
  for (const rule of old.routes(identity)) yield { priority: rule.priority, rules: conditionRoutes(rule, service) };
  const own = config.get({ kind: 'service', identity }, '.condition-router')?.content;
  if (own?.kind === 'conditions' && own.rule !== undefined) yield ranked(own.rule, conditionRoutes(own.rule, service));
  for (const { application, rule } of config.ofApplications) {
    // Dubbo 3 asks the rules of the provider's application, and every consumer those of its own.
    if (applications.includes(application)) yield ranked(rule, conditionRoutes(rule, service));
    else yield { priority: PRIORITY.consumers, rules: conditionRoutes(rule, service, application) };
  }
  const subjects: Subject[] = [{ kind: 'service', identity }, ...applications.map((name) => ({ kind: 'application', name }) as const)];
  for (const subject of subjects) {
    for (const [suffix, priority] of UNSUPPORTED) {
      const rule = config.get(subject, suffix);
      if (rule?.content.kind !== 'unsupported') continue;
      const { text, fault } = rule.content;
      yield { priority, rules: [{ origin: rule.path, text, fault, match: [], choices: [], otherwise: 'pass' }] };
    }
  }
}

function ranked({ priority }: ConditionRule, rules: readonly EndpointRule[]): Ranked {
  return { priority, rules };
}

function configuratorsOf({ config }: Rules, subject: Subject): readonly Configurator[] {
  const content = config.get(subject, '.configurators')?.content;
  return content?.kind === 'configurators' ? content.configurators : [];
}

function tagRuleOf({ config }: Rules, name: string): TagRule | undefined {
  const content = config.get({ kind: 'application', name }, '.tag-router')?.content;
  return content?.kind === 'tags' ? content.rule : undefined;
}

/** Dubbo takes providers out before it asks for anything else: another one with their tag must not be missed because of them. */
function disabledRules(disabled: ReadonlyMap<string, readonly Endpoint[]>): EndpointRule[] {
  return [...disabled].map(([origin, endpoints]) => {
    const addresses = endpoints.map(({ address, port }) => (address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`));
    const match = { kind: 'regex', value: addresses.map(escaped).join('|') } as const;
    return {
      origin,
      text: `disabled: ${addresses.join(', ')}`,
      match: [],
      choices: [[{ of: { kind: 'address' }, match, negated: true }]],
      otherwise: 'refuse',
    };
  });
}

function faultRule(configurator: Configurator): EndpointRule[] {
  const fault = consumerFault(configurator);
  const { origin, text } = configurator;
  return fault === undefined ? [] : [{ origin, text, fault, match: [], choices: [], otherwise: 'pass' }];
}

/** Since 2.7, providers that are disabled say so themselves, and are not among the endpoints. */
function isOfAbsent(configurator: Configurator, endpoints: readonly Endpoint[], service: string): boolean {
  const { parameters } = configurator;
  if (parameters.get('disabled') !== 'true' && parameters.get('enabled') !== 'false') return false;
  return !endpoints.some((each) => (['provider', 'consumer'] as const).some((side) => applies(configurator, each, service, side)));
}

/** It chooses all that are there, and is there to be seen. */
function absentRule({ origin, text }: Configurator): EndpointRule {
  return { origin, text: `${text}: a provider that says so itself is left out already`, match: [], choices: [[]], otherwise: 'pass' };
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}
