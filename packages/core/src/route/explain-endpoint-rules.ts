import type { Endpoint } from '../cluster/endpoint.ts';
import type { BalancedEndpoint } from '../cluster/load-balancer.ts';
import type { LookupResult } from '../protocol/spi.ts';
import { type DestinationContext, destinationTarget, entriesOf } from './destination.ts';
import { describeRequests, type EndpointRuleStep, rulesOf, selectEndpoints } from './endpoint-rules.ts';
import type { ExplainedEndpointRule } from './explain-report.ts';
import type { Route } from './route.ts';
import type { RuledEndpoints } from './ruled-endpoints.ts';
import type { Lane } from './service-routes.ts';

/** A request as its lane judges it. */
interface JudgedRequest<E extends BalancedEndpoint> {
  readonly lane: Lane<E>;
  readonly route: Route<E> | undefined;
  readonly method: string;
  readonly values: readonly LookupResult[];
}

/** What the registry's own rules did for a request. */
export function explainEndpointRules<E extends BalancedEndpoint>(
  context: DestinationContext,
  request: JudgedRequest<E>,
): ExplainedEndpointRule[] {
  const { lane, method, values } = request;
  return lane.ruled === undefined ? notApplied(context, request) : applied(lane.ruled, method, values);
}

function applied<E extends BalancedEndpoint>(
  ruled: RuledEndpoints<E>,
  method: string,
  values: readonly LookupResult[],
): ExplainedEndpointRule[] {
  const judged = ruled.rules.map((rule) => ({ rule, said: ruled.explain(rule, method, values) }));
  const meant = judged.filter(({ said }) => said?.verdict === 'holds').map(({ rule }) => rule);
  const steps = new Map(selectEndpoints(meant, endpointsOf(ruled.all)).steps.map((step) => [step.judged, step]));
  return judged.map(({ rule: one, said }) => {
    const { position, fault, rule } = one;
    const shown = { position, origin: rule.origin, text: rule.text, unreadable: ruled.all.stats.unreadable };
    if (said === undefined) return { ...shown, outcome: 'not-applied', why: fault ?? '', conditions: [] };
    const { conditions } = said;
    if (said.verdict !== 'holds')
      return { ...shown, outcome: 'not-for-request', why: `not for this request, but for ${describeRequests(rule)}`, conditions };
    const step = steps.get(one);
    if (step === undefined) return { ...shown, outcome: 'not-asked', why: 'no endpoint is left', conditions };
    const { outcome, before, after } = step;
    return { ...shown, outcome, why: describeStep(step), endpoints: { before, after }, conditions };
  });
}

function describeStep({ outcome, before, after }: EndpointRuleStep): string {
  const known = `${before} endpoint${before === 1 ? '' : 's'}`;
  if (outcome === 'chose') return `chose ${after} of ${known}`;
  return outcome === 'refused' ? `refuses the request: it leaves none of ${known}` : `passed over, since it would leave none of ${known}`;
}

function endpointsOf<E extends BalancedEndpoint>(route: Route<E>): readonly Endpoint[] {
  return route.destinations.flatMap(({ cluster }) => cluster.resolved.chosen);
}

/** A VirtualService decides: for the request's service, and for those that it sends the request to. */
function notApplied<E extends BalancedEndpoint>(context: DestinationContext, { lane, route }: JudgedRequest<E>): ExplainedEndpointRule[] {
  const { variant, rules } = lane;
  const taken = rules.find((rule) => rule.route === route)?.written.route.destinations ?? [];
  const entries = taken.flatMap(({ host }) => entriesOf(context.directory, destinationTarget(host, variant.pattern)));
  const names = [...new Set(rules.map(({ written }) => written.virtualService.name))].join(', ');
  const why = `VirtualService ${names} decides, and a registry's rules count only where none speaks of the service`;
  return rulesOf([...variant.entries, ...entries]).map(({ origin, text }, index) => ({
    position: index + 1,
    origin,
    text,
    unreadable: 0,
    outcome: 'not-applied',
    why,
    conditions: [],
  }));
}
