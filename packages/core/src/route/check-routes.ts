import type { HttpRoute, MeshResources, RouteDestination, VirtualService } from '../config/model.ts';
import { ConfigError, formatPosition, type Position, type Problem } from '../errors/config-error.ts';
import { messageOf } from '../errors/message-of.ts';
import { parseServiceKey } from '../identity/service-key.ts';
import type { ServiceDirectory } from '../registry/entry-index.ts';
import { isWellFormedHost } from './check-hosts.ts';
import type { RouteProtocol } from './compile-service.ts';
import { type DestinationContext, destinationRuleFor, destinationTarget } from './destination.ts';
import { routeName } from './merged-rules.ts';
import { headersOf, RuleMatch } from './rule.ts';
import { headerKey } from './scan-cache.ts';
import { entriesOfInterface, speaks } from './service-view.ts';

/** What routes are checked against. */
export interface CheckContext<H> extends DestinationContext {
  readonly routeProtocol: RouteProtocol<H>;
  readonly resources: MeshResources;
}

/** What is wrong with routes. */
export interface CheckedRoutes {
  readonly problems: readonly Problem[];
  /** Those of `problems` that are none when another protocol has no such problem: nobody has said yet which one the services speak. */
  readonly doubtful: ReadonlySet<Problem>;
}

/** Everything about routes that would not work with this protocol. Names file, line, route, protocol and facet. */
export function checkRoutes<H>(context: CheckContext<H>): CheckedRoutes {
  const checker = new RouteChecker(context);
  for (const service of context.resources.virtualServices) {
    const concern = concernOf(service, context.directory, context.protocol);
    if (concern !== 'none') checker.check(service, concern === 'unannounced');
  }
  return checker;
}

/** `none`: all the services it speaks of are announced, and for other protocols only. A wildcard speaks of every protocol's. */
function concernOf(service: VirtualService, directory: ServiceDirectory, protocol: string): 'none' | 'unannounced' | 'certain' {
  let concern: 'none' | 'unannounced' = 'none';
  for (const { text } of service.hosts) {
    const name = parseServiceKey(text)?.name ?? text;
    const entries = [...entriesOfInterface(directory, name), ...directory.byHost(text.toLowerCase())];
    if (name.startsWith('*') || entries.some((entry) => speaks(entry, protocol))) return 'certain';
    if (entries.length === 0) concern = 'unannounced';
  }
  return concern;
}

class RouteChecker<H> {
  readonly problems: Problem[] = [];
  readonly doubtful = new Set<Problem>();
  #unannounced = false;
  readonly #context: CheckContext<H>;
  /** What the protocol says of a header name; undefined: it takes it. */
  readonly #refusals = new Map<string, string | undefined>();

  constructor(context: CheckContext<H>) {
    this.#context = context;
  }

  check(service: VirtualService, unannounced: boolean): void {
    this.#unannounced = unannounced;
    for (const route of service.routes) {
      const name = routeName(service, route);
      if (!this.#context.routeProtocol.capabilities.has('routing')) {
        this.#checkWithoutRouting(service, route, name);
        continue;
      }
      this.#checkMatches(route, name);
      this.#checkEdits(route, name);
      this.#checkDestinations(service, route, name);
    }
  }

  /** Only a route for everybody, without conditions, asks nothing of the protocol. */
  #checkWithoutRouting(service: VirtualService, route: HttpRoute, name: string): void {
    const everybody = service.hosts.every(({ text }) => text === '*');
    if (everybody && route.matches.length === 0) return this.#checkEdits(route, name);
    const what = everybody ? 'its conditions need' : `host ${service.hosts.map(({ text }) => text).join(', ')} needs`;
    this.#unfit(`route ${name}: ${what} the routing facet, which protocol ${this.#context.protocol} does not have`, route.position);
  }

  #checkMatches(route: HttpRoute, name: string): void {
    const { methodIsPath } = this.#context.routeProtocol;
    for (const match of route.matches) {
      for (const header of headersOf(match, methodIsPath)) {
        const refusal = this.#refusalOf(header.name);
        if (refusal !== undefined) this.#unfit(`route ${name}: ${missing(header.name, this.#context.protocol, refusal)}`, header.position);
      }
      try {
        new RuleMatch(match, methodIsPath, () => 0);
      } catch (error) {
        this.#error(`route ${name}: ${messageOf(error)}`, match.position);
      }
    }
  }

  #refusalOf(header: string): string | undefined {
    if (!this.#refusals.has(header)) this.#refusals.set(header, this.#askProtocol(header));
    return this.#refusals.get(header);
  }

  #askProtocol(header: string): string | undefined {
    const { routeProtocol } = this.#context;
    const name = headerKey(header, routeProtocol.caseSensitiveHeaders);
    try {
      routeProtocol.compileScan({ names: [name], timeout: false, affinity: false });
      return undefined;
    } catch (error) {
      if (error instanceof ConfigError) return error.message;
      throw error;
    }
  }

  #checkEdits(route: HttpRoute, name: string): void {
    const { routeProtocol, protocol } = this.#context;
    for (const [what, edits] of [['request', route.requestHeaders] as const, ['response', route.responseHeaders] as const]) {
      if (edits === undefined) continue;
      if (!routeProtocol.capabilities.has('mediation')) {
        const message = `route ${name}: changing ${what} headers needs the mediation facet, which protocol ${protocol} does not have`;
        this.#unfit(message, edits.position);
        continue;
      }
      const fault = routeProtocol.editFault(edits, what);
      if (fault !== undefined)
        this.#unfit(`route ${name}: ${what} headers of protocol ${protocol} cannot be changed so: ${fault}`, edits.position);
    }
  }

  #checkDestinations(service: VirtualService, route: HttpRoute, name: string): void {
    if (route.destinations.length === 0) this.#error(`route ${name} has no destination`, route.position);
    if (route.destinations.length > 1 && route.destinations.every(({ weight }) => weight === 0)) {
      this.#error(`route ${name}: the weights of its destinations are all 0`, route.position);
    }
    for (const destination of route.destinations) {
      if (!isWellFormedHost(destination.host))
        this.#error(`route ${name}: host ${destination.host} has an empty part`, destination.position);
      else if (destination.subset !== undefined) this.#checkSubset(service, destination, destination.subset, name);
    }
  }

  /** The subset must exist for one of the identities that the request can have. */
  #checkSubset(service: VirtualService, destination: RouteDestination, subset: string, name: string): void {
    const { directory } = this.#context;
    const pattern = parseServiceKey(destination.host);
    const own = service.hosts.map(({ text }) => parseServiceKey(text)).filter((key) => key !== undefined);
    const announced = directory.byInterface(pattern?.name ?? destination.host).map(({ entry: { identity } }) => identity);
    const identities = announced.map((identity) => ({
      name: identity?.name ?? destination.host,
      group: identity?.group ?? '',
      version: identity?.version ?? '',
    }));
    const rules = [...own, ...identities].map((identity) =>
      destinationRuleFor(this.#context, destinationTarget(destination.host, identity)),
    );
    rules.push(destinationRuleFor(this.#context, { text: destination.host, pattern, variant: undefined }));
    if (rules.some((rule) => rule?.subsets.some((known) => known.name === subset))) return;
    const rule = rules.find((candidate) => candidate !== undefined);
    const known =
      rule === undefined
        ? 'no DestinationRule speaks of this host'
        : `${rule.name} (${formatPosition(rule.position)}) has ${rule.subsets.map((one) => one.name).join(', ') || 'no subsets'}`;
    this.#error(`route ${name}: subset ${subset} of ${destination.host} is not defined: ${known}`, destination.position);
  }

  /** The protocol cannot do it. */
  #unfit(message: string, position: Position): void {
    this.#error(message, position);
    const problem = this.problems.at(-1);
    if (this.#unannounced && problem !== undefined) this.doubtful.add(problem);
  }

  #error(message: string, position: Position): void {
    this.problems.push({ severity: 'error', message, position });
  }
}

/** That a protocol has no such header, in the words of the condition that asks for it. */
function missing(header: string, protocol: string, refusal: string): string {
  if (header === ':method') {
    const instead = 'An RPC method is part of uri: write uri: {exact: /com.acme.UserService/getUser}';
    return `match.method means the HTTP method, which requests of protocol ${protocol} do not have. ${instead}`;
  }
  if (header === ':scheme') return `match.scheme: requests of protocol ${protocol} have no scheme`;
  if (header.startsWith(':query[')) return `match.queryParams: requests of protocol ${protocol} have no query`;
  return `protocol ${protocol} has no header ${header}: ${refusal}`;
}
