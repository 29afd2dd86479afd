import type { ServiceIdentity } from '@polywire/core/spi';
import { serviceKey } from '../dubbo/service-key.ts';
import { type ConditionRule, parseConditionRule } from './condition-rule.ts';
import type { Configurator } from './configurator.ts';
import { parseConfigurators } from './configurator-rule.ts';
import { parseTagRule, type TagRule } from './tag-rule.ts';

/** For whom a rule of the configuration centre is. */
export type Subject =
  | { readonly kind: 'service'; readonly identity: ServiceIdentity }
  | { readonly kind: 'application'; readonly name: string };

/** What a node of the configuration centre says. */
export type RuleContent =
  | { readonly kind: 'configurators'; readonly configurators: readonly Configurator[] }
  | { readonly kind: 'conditions'; readonly rule: ConditionRule | undefined }
  | { readonly kind: 'tags'; readonly rule: TagRule | undefined }
  | { readonly kind: 'unsupported'; readonly text: string; readonly fault: string };

export type RuleSuffix = '.configurators' | '.condition-router' | '.tag-router' | '.affinity-router' | '.script-router' | '.MESHAPPRULE';

/** A kind of node. */
interface RuleKind {
  readonly suffix: RuleSuffix;
  parse(text: string, origin: string, subject: Subject): RuleContent;
}

const PRIORITY_OF_SERVICE = 140;
const PRIORITY_OF_APPLICATION = 145;

const KINDS: readonly RuleKind[] = [
  {
    suffix: '.configurators',
    parse: (text, origin) => ({ kind: 'configurators', configurators: parseConfigurators(text, origin) }),
  },
  {
    suffix: '.condition-router',
    parse: (text, origin, { kind }) => {
      const priority = kind === 'service' ? PRIORITY_OF_SERVICE : PRIORITY_OF_APPLICATION;
      return { kind: 'conditions', rule: parseConditionRule(text, origin, priority) };
    },
  },
  { suffix: '.tag-router', parse: (text, origin) => ({ kind: 'tags', rule: parseTagRule(text, origin) }) },
  {
    suffix: '.affinity-router',
    parse: () => unsupported('affinity', 'it goes by what a consumer says of itself, which is not in its calls'),
  },
  { suffix: '.script-router', parse: () => unsupported('script', 'scripts are not run; write a VirtualService instead') },
  { suffix: '.MESHAPPRULE', parse: () => unsupported('mesh rule', 'write it as VirtualService and DestinationRule of Istio instead') },
];

function unsupported(text: string, fault: string): RuleContent {
  return { kind: 'unsupported', text, fault };
}

/** A node that may be a rule. */
export interface RuleKey {
  readonly subject: Subject;
  /** What `ruleId` makes of it. */
  readonly id: string;
  readonly suffix: RuleSuffix;
  /** @throws RuleError */
  parse(text: string, origin: string): RuleContent;
}

/** Reads a node's name: `<interface>:<version>:<group>.configurators`, `<application>.tag-router`, .... undefined: it is no rule's. */
export function ruleKeyOf(name: string): RuleKey | undefined {
  const kind = KINDS.find(({ suffix }) => name.endsWith(suffix));
  const key = name.slice(0, name.length - (kind?.suffix.length ?? 0));
  if (kind === undefined || key === '') return undefined;
  const subject = subjectOf(key);
  return { subject, id: ruleId(subject, kind.suffix), suffix: kind.suffix, parse: (text, origin) => kind.parse(text, origin, subject) };
}

/** One for all names that mean the same rule. */
export function ruleId(subject: Subject, suffix: RuleSuffix): string {
  return `${suffix} ${subject.kind === 'application' ? subject.name : `service ${serviceKey(subject.identity)}`}`;
}

// URL.getColonSeparatedKey: what is empty keeps its colon. Applications have none in their names.
function subjectOf(key: string): Subject {
  const [name = '', version, group] = key.split(':');
  if (version === undefined) return { kind: 'application', name };
  return {
    kind: 'service',
    identity: { name, group: group || undefined, version: version === '0.0.0' ? undefined : version || undefined },
  };
}
