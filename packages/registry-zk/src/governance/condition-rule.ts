import { type Comparison, type Condition, parseComparisons, parseCondition } from './condition.ts';
import { isTrue, mapsOf, parseRule, RuleError, type RuleMap, textOf, textsOf } from './rule-text.ts';
import type { RuleUrl } from './rule-url.ts';

/** Providers that may take the calls of a condition. */
export interface ProviderSet {
  /** Empty: all providers. */
  readonly providers: readonly Comparison[];
  /** Among the sets of one condition; whole and above 0. */
  readonly weight: number;
}

/** One condition of a rule. Of version 3.1, it may have several sets of providers. */
export interface RoutedCondition extends Omit<Condition, 'providers'> {
  /** Between these calls are divided; empty: no provider takes them. */
  readonly sets: readonly ProviderSet[];
  /** Why it cannot be followed. */
  readonly fault: string | undefined;
}

/** A rule on which providers take which calls, as an operator keeps it in ZooKeeper. */
export interface ConditionRule {
  /** Path of the node. */
  readonly origin: string;
  /** When no provider is left: refuse the calls; else the condition is passed over. */
  readonly force: boolean;
  /** Dubbo asks its routers in this order: 100 is the tags', 140 that of a service, 145 and 150 those of applications. */
  readonly priority: number;
  readonly conditions: readonly RoutedCondition[];
}

/** ConditionSubSet: of sets that say none, or one that is not above 0. */
const DEFAULT_WEIGHT = 100;

/**
 * Reads a node `<key>.condition-router` of the configuration centre. undefined: it is switched off. What Dubbo takes for invalid is an error: its
 * consumers go on with what the node said before (ListenableStateRouter).
 * @throws RuleError
 */
export function parseConditionRule(text: string, origin: string, priority: number): ConditionRule | undefined {
  const rule = parseRule(text);
  if (!isTrue(rule['valid'], true)) throw new RuleError('it says valid: false; to switch it off, write enabled: false');
  const version = (textOf(rule['configVersion']) ?? '').toLowerCase();
  const hasDestinations = version.startsWith('v3.1');
  // ConditionRuleParser compares them as texts.
  if (!hasDestinations && version > 'v3.1') throw new RuleError(`configVersion ${version} is unknown`);
  const written = Array.isArray(rule['conditions']) ? rule['conditions'] : [];
  if (written.length === 0)
    throw new RuleError('it has no conditions: write conditions: and a list of them; to switch it off, enabled: false beside them');
  const conditions = hasDestinations ? written.map(destinations) : textsOf(written).map(routed);
  return isTrue(rule['enabled'], true) ? { origin, force: isTrue(rule['force'], false), priority, conditions } : undefined;
}

function routed(written: string): RoutedCondition {
  const { text, calls, providers } = parseCondition(written);
  return { text, calls, sets: providers === undefined ? [] : [{ providers, weight: DEFAULT_WEIGHT }], fault: undefined };
}

/** Version 3.1: `from: {match}` and `to: [{match, weight}]`, of which nothing else is looked at. */
function destinations(written: unknown): RoutedCondition {
  const [condition] = mapsOf([written]);
  if (condition === undefined) throw new RuleError('a condition of version 3.1 has from: and to:');
  const [from = ''] = mapsOf([condition['from']]).map(matchOf);
  const to = mapsOf(condition['to']).map((each) => ({ match: matchOf(each), weight: weightOf(each) }));
  const shown = to.length > 1 ? to.map(({ match, weight }) => `${match} weight ${weight}`) : to.map(({ match }) => match);
  return {
    text: `${from} => ${shown.join(' | ')}`.trim(),
    calls: from === 'true' ? [] : parseComparisons(from),
    // Unlike before version 3.1, `false` and nothing mean every provider there.
    sets: to.map(({ match, weight }) => ({ providers: match === 'false' ? [] : parseComparisons(match), weight })),
    fault: undefined,
  };
}

function matchOf(written: RuleMap): string {
  return (textOf(written['match']) ?? '').trim();
}

function weightOf(written: RuleMap): number {
  const text = textOf(written['weight']) ?? '';
  if (!/^([+-]?\d{1,9})?$/.test(text)) throw new RuleError(`weight ${text} is no whole number`);
  return Math.max(0, Number(text)) || DEFAULT_WEIGHT;
}

/**
 * Reads a child of `routers`, which 2.6 and 2.7 follow. undefined: it is switched off.
 * @throws RuleError
 */
export function conditionRuleOf({ protocol, parameters }: RuleUrl, origin: string): ConditionRule | undefined {
  if (parameters.get('enabled') === 'false' || parameters.get('compatible_config')) return undefined;
  const router = parameters.get('router') || protocol;
  const text = decoded(parameters.get('rule') ?? '');
  const rule = { origin, force: parameters.get('force') === 'true', priority: Number(parameters.get('priority')) || 0 };
  if (router === 'condition') return { ...rule, conditions: [routed(text)] };
  const fault = router === 'route' ? 'it says no router: write router=condition' : `routers of type ${router} are not supported`;
  return { ...rule, conditions: [{ text: text === '' ? router : text, calls: [], sets: [], fault }] };
}

// URL.getParameterAndDecoded: `rule` is encoded on its own, before the whole is.
function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', '%20'));
  } catch {
    throw new RuleError('rule is not URL-encoded UTF-8');
  }
}
