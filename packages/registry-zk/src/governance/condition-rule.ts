import { isJsonObject } from '../json.ts';
import { type Comparison, type Condition, parseComparisons, parseCondition } from './condition.ts';
import { isTrue, mapsOf, parseRule, RuleError, type RuleMap, textOf, textsOf } from './rule-text.ts';
import type { RuleUrl } from './rule-url.ts';

/** One condition of a rule. Of version 3.1, it has several sets of providers. */
export interface RoutedCondition extends Omit<Condition, 'providers'> {
  /** Which providers take the calls; undefined: none does. */
  readonly providers: readonly Comparison[] | undefined;
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

/**
 * Reads a node `<key>.condition-router` of the configuration centre. undefined: it is switched off.
 * @throws RuleError
 */
export function parseConditionRule(text: string, origin: string, priority: number): ConditionRule | undefined {
  const rule = parseRule(text);
  if (!isTrue(rule['enabled'], true) || !isTrue(rule['valid'], true)) return undefined;
  const version = (textOf(rule['configVersion']) ?? '').toLowerCase();
  const hasDestinations = version.startsWith('v3.1');
  // ConditionRuleParser compares them as texts.
  if (!hasDestinations && version > 'v3.1') throw new RuleError(`configVersion ${version} is unknown`);
  const conditions = hasDestinations
    ? mapsOf(rule['conditions']).map(destinations)
    : textsOf(rule['conditions']).map((each) => ({ ...parseCondition(each), fault: undefined }));
  return { origin, force: isTrue(rule['force'], false), priority, conditions };
}

/** Version 3.1: `from: {match}` and `to: [{match, weight}]`. */
function destinations(written: RuleMap): RoutedCondition {
  const from = isJsonObject(written['from']) ? (textOf(written['from']['match']) ?? '').trim() : '';
  const to = mapsOf(written['to']).map((each) => (textOf(each['match']) ?? '').trim());
  const [first = ''] = to;
  return {
    text: `${from} => ${to.join(' | ')}`.trim(),
    calls: from === 'true' ? [] : parseComparisons(from),
    providers: to.length === 0 ? undefined : parseComparisons(first === 'false' ? '' : first),
    fault: to.length > 1 ? 'it divides calls between sets of providers by weight; write a VirtualService for that' : undefined,
  };
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
  if (router === 'condition') return { ...rule, conditions: [{ ...parseCondition(text), fault: undefined }] };
  const fault = router === 'route' ? 'it says no router: write router=condition' : `routers of type ${router} are not supported`;
  return { ...rule, conditions: [{ text: text === '' ? router : text, calls: [], providers: [], fault }] };
}

// URL.getParameterAndDecoded: `rule` is encoded on its own, before the whole is.
function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', '%20'));
  } catch {
    throw new RuleError('rule is not URL-encoded UTF-8');
  }
}
