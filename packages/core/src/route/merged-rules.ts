import type { HttpRoute, RouteMatch, StringMatch, VirtualService } from '../config/model.ts';
import type { IndexedHost } from './host-index.ts';

/** One block of one route: what Istio makes of it too. */
export interface WrittenRule {
  readonly virtualService: VirtualService;
  readonly route: HttpRoute;
  /** undefined: matches everything. */
  readonly match: RouteMatch | undefined;
  /** `name`, or `namespace/name#2` after the place in its VirtualService. */
  readonly routeName: string;
}

/** Oldest first; those of one age stay in load order. */
export function inIstioOrder(services: readonly VirtualService[]): VirtualService[] {
  return [...services].sort((a, b) => a.createdAt - b.createdAt);
}

/**
 * The rules of all VirtualServices of one host. A VirtualService ends at its first catch-all rule, which hides what is behind it; of
 * the merged rules, the catch-all ones come last, so that none hides another VirtualService's.
 */
export function mergeRules(hosts: readonly IndexedHost<VirtualService>[]): WrittenRule[] {
  const rules = [...new Set(hosts.map(({ resource }) => resource))].flatMap(rulesOf);
  return [...rules.filter(({ match }) => !isCatchAll(match)), ...rules.filter(({ match }) => isCatchAll(match))];
}

/** How errors and `explain` call a route. */
export function routeName(virtualService: VirtualService, route: HttpRoute): string {
  return route.name ?? `${virtualService.name}#${virtualService.routes.indexOf(route) + 1}`;
}

function rulesOf(virtualService: VirtualService): WrittenRule[] {
  const rules: WrittenRule[] = [];
  for (const route of virtualService.routes) {
    const name = routeName(virtualService, route);
    for (const match of route.matches.length === 0 ? [undefined] : route.matches) {
      rules.push({ virtualService, route, match, routeName: name });
      if (isCatchAll(match)) return rules;
    }
  }
  return rules;
}

function isCatchAll(match: RouteMatch | undefined): boolean {
  if (match === undefined) return true;
  if (match.headers.length > 0 || match.withoutHeaders.length > 0 || match.authority !== undefined) return false;
  return match.uri === undefined || isAnyUri(match.uri);
}

function isAnyUri(uri: StringMatch): boolean {
  if (uri.kind === 'present') return true;
  if (uri.kind === 'prefix') return uri.value === '/' || uri.value === '';
  return uri.kind === 'regex' && (uri.value === '.*' || uri.value === '/.*');
}
