import type { BalancedEndpoint } from '../cluster/load-balancer.ts';
import { requestName } from '../identity/request-name.ts';
import { describePart, type ServicePattern } from '../identity/service-key.ts';
import { type HeaderScan, type LocalReplyReason, type LookupResult, NOT_REACHED, UNREADABLE } from '../protocol/spi.ts';
import type { WrittenRule } from './merged-rules.ts';
import type { Caller } from './request-conditions.ts';
import type { Route } from './route.ts';
import type { RuleMatch } from './rule.ts';
import type { RuledEndpoints } from './ruled-endpoints.ts';
import type { Variant } from './service-view.ts';

/** Why a request is not routed, for the local reply. */
export interface RouteRefusal {
  readonly reason: LocalReplyReason;
  readonly message: string;
}

/** A rule in force. `match` undefined: matches everything. */
export interface Rule<E extends BalancedEndpoint> {
  readonly match: RuleMatch | undefined;
  readonly route: Route<E>;
  readonly written: WrittenRule;
}

/** The rules for the requests of one identity. */
export interface Lane<E extends BalancedEndpoint> {
  /** Conditions on the request's group and version; a part that is undefined is not asked for. */
  readonly condition: ServicePattern;
  readonly variant: Variant;
  readonly rules: readonly Rule<E>[];
  /** When neither a VirtualService nor a rule of its registry speaks of the service: all its endpoints. */
  readonly fallback: Route<E> | undefined;
  /** What the registry says, when no VirtualService speaks of the service. Requests meet it where there is no fallback. */
  readonly ruled: RuledEndpoints<E> | undefined;
}

/** What ServiceRoutes is made from. */
export interface ServiceRoutesOptions<H, E extends BalancedEndpoint> {
  readonly scan: HeaderScan<H>;
  /** Names of the scan's values, in their order. */
  readonly names: readonly string[];
  /** Where the group and the version stand in the scan's values; -1 when no lane asks. */
  readonly groupIndex: number;
  readonly versionIndex: number;
  /** The most specific first. */
  readonly lanes: readonly Lane<E>[];
  /** Every request is refused with this: the rules do not fit the protocol. */
  readonly broken: string | undefined;
}

/** One service's lanes and rules, compiled for one protocol. */
export class ServiceRoutes<H, E extends BalancedEndpoint> {
  /** One per distinct set of names; names that filters declared come first, in their order. */
  readonly scan: HeaderScan<H>;
  readonly names: readonly string[];
  readonly lanes: readonly Lane<E>[];
  readonly #groupIndex: number;
  readonly #versionIndex: number;
  readonly #broken: string | undefined;

  constructor(options: ServiceRoutesOptions<H, E>) {
    this.scan = options.scan;
    this.names = options.names;
    this.lanes = options.lanes;
    this.#groupIndex = options.groupIndex;
    this.#versionIndex = options.versionIndex;
    this.#broken = options.broken;
  }

  /**
   * The first rule that holds. After scan.run(head).
   *
   * @param values the scan's
   * @param caller asked only by rules of the registry
   * @returns 'not-reached': a rule in force needs a part of the frame that is not at hand; ask again with more of it
   */
  match(service: string, method: string, values: readonly LookupResult[], caller: Caller): Route<E> | RouteRefusal | 'not-reached' {
    const lane = this.laneOf(service, values);
    if (lane === 'not-reached' || 'reason' in lane) return lane;
    const rules = lane.rules;
    for (let i = 0; i < rules.length; i++) {
      const rule = rules[i]!;
      const verdict = rule.match === undefined ? 'holds' : rule.match.judge(service, method, values);
      if (verdict === 'holds') return rule.route;
      if (verdict === 'unreadable') rule.route.stats.unreadable++;
      else if (verdict === 'not-reached') return alternative(rules, i, service, method, values) ?? 'not-reached';
    }
    return lane.fallback ?? withoutFallback(lane, service, method, values, caller);
  }

  /** The rules for this request's identity. */
  laneOf(service: string, values: readonly LookupResult[]): Lane<E> | RouteRefusal | 'not-reached' {
    if (this.#broken !== undefined) return { reason: 'internal', message: this.#broken };
    const lanes = this.lanes;
    const group = this.#groupIndex < 0 ? undefined : values[this.#groupIndex];
    const version = this.#versionIndex < 0 ? undefined : values[this.#versionIndex];
    if (group === NOT_REACHED || version === NOT_REACHED) return 'not-reached';
    if (group === UNREADABLE || version === UNREADABLE) return this.#refuseUnreadable(service);
    for (let i = 0; i < lanes.length; i++) {
      const { condition } = lanes[i]!;
      if (condition.group !== undefined && condition.group !== (group ?? '')) continue;
      if (condition.version !== undefined && condition.version !== (version ?? '')) continue;
      return lanes[i]!;
    }
    return this.#refuseIdentity(service, group ?? '', version ?? '');
  }

  #refuseUnreadable(service: string): RouteRefusal {
    const message = `${service} exists in several groups or versions (${this.#describeLanes()}), and this request's serialization does not let the proxy read which one is called`;
    return { reason: 'bad-request', message };
  }

  #refuseIdentity(service: string, group: string, version: string): RouteRefusal {
    const asked = `group ${describePart(group)} and version ${describePart(version)}`;
    const known = this.lanes.length === 0 ? 'nothing is known of this service' : `known: ${this.#describeLanes()}`;
    return { reason: 'no-route', message: `no route for ${service} with ${asked}; ${known}` };
  }

  #describeLanes(): string {
    return this.lanes
      .map(({ condition }) => `group ${describePart(condition.group)} version ${describePart(condition.version)}`)
      .join(', ');
  }
}

/** The undecided rule's route may hold for another of its conditions, and then the undecided one does not matter. */
function alternative<E extends BalancedEndpoint>(
  rules: readonly Rule<E>[],
  undecided: number,
  service: string,
  method: string,
  values: readonly LookupResult[],
): Route<E> | undefined {
  const { route } = rules[undecided]!;
  for (let i = undecided + 1; i < rules.length && rules[i]!.route === route; i++) {
    const { match } = rules[i]!;
    if (match === undefined || match.judge(service, method, values) === 'holds') return route;
  }
  return undefined;
}

/** Apart from match(), which stays small for all the services whose registry has no rules. */
function withoutFallback<E extends BalancedEndpoint>(
  lane: Lane<E>,
  service: string,
  method: string,
  values: readonly LookupResult[],
  caller: Caller,
): Route<E> | RouteRefusal | 'not-reached' {
  return lane.ruled?.route(method, values, caller) ?? refuse(service, method, lane);
}

function refuse<E extends BalancedEndpoint>(service: string, method: string, lane: Lane<E>): RouteRefusal {
  const name = requestName(service, method);
  const names = [...new Set(lane.rules.map(({ written }) => written.virtualService.name))].join(', ');
  const rules = lane.rules.length === 1 ? 'the only rule' : `none of the ${lane.rules.length} rules`;
  const verb = lane.rules.length === 1 ? 'does not match' : 'matches';
  const message =
    lane.rules.length === 0
      ? `no route for ${name}: VirtualService has no rules for it`
      : `no route for ${name}: ${rules} of VirtualService ${names} ${verb}`;
  return { reason: 'no-route', message };
}
