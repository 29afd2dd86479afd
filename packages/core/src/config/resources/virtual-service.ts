import type { HeaderMatch, HttpRoute, RouteMatch, VirtualService, WrittenHost } from '../model.ts';
import { checkGateways } from './gateways.ts';
import { HEADERS_FIELDS, readHeaderOperations } from './header-operations.ts';
import { hostFault } from './hosts.ts';
import type { Metadata } from './metadata.ts';
import { type FieldTable, ignored, type ObjectReader, refused } from './object-reader.ts';
import { EXPORTED_HERE } from './options.ts';
import { readDestinations } from './route-destination.ts';
import { readHeaderMatches, readStringMatch } from './string-match.ts';
import { readTcpRoutes } from './tcp-route.ts';

/** Istio's VirtualService. */
export const VIRTUAL_SERVICE_FIELDS: FieldTable = {
  hosts: 'read',
  gateways: 'read',
  http: 'read',
  exportTo: 'read',
  tls: refused('connections are not routed by TLS names'),
  tcp: 'read',
};

/** Istio's HTTPRoute. */
export const HTTP_ROUTE_FIELDS: FieldTable = {
  name: 'read',
  match: 'read',
  route: 'read',
  timeout: 'read',
  headers: 'read',
  redirect: refused('requests would go on to a service instead of being redirected'),
  directResponse: refused('requests would go on to a service instead of being answered here'),
  delegate: refused('the routes of the other VirtualService would be missing: write them here'),
  rewrite: refused('requests would reach the service under their old name'),
  fault: refused('no request would be delayed or aborted'),
  mirror: refused('no request would be mirrored'),
  mirrors: refused('no request would be mirrored'),
  mirrorPercent: refused('no request would be mirrored'),
  mirrorPercentage: refused('no request would be mirrored'),
  corsPolicy: refused('preflight requests would reach the service'),
  retries: ignored('only requests that were never written to a connection are tried again'),
};

/** Istio's HTTPMatchRequest. */
export const MATCH_FIELDS: FieldTable = {
  name: 'read',
  uri: 'read',
  ignoreUriCase: 'read',
  authority: 'read',
  headers: 'read',
  withoutHeaders: 'read',
  gateways: 'read',
  method: 'read',
  scheme: 'read',
  queryParams: 'read',
  port: refused('the route would also match other ports'),
  sourceLabels: refused('the route would also match other callers'),
  sourceNamespace: refused('the route would also match other callers'),
  statPrefix: ignored('stats are kept by service and method'),
};

/** Reads a VirtualService's `spec`; undefined, and problems, when it names no host or has no usable route. */
export function readVirtualService(spec: ObjectReader, metadata: Metadata): VirtualService | undefined {
  checkGateways(spec);
  checkExportTo(spec);
  const hosts = readHosts(spec);
  const routes = spec.objects('http', HTTP_ROUTE_FIELDS).flatMap((route) => readRoute(route) ?? []);
  const tcpRoutes = readTcpRoutes(spec);
  if (!spec.has('http') && !spec.has('tcp')) {
    spec.error(`${spec.name()} needs http or tcp: a VirtualService without routes sends requests nowhere`);
  } else if (spec.has('http') && routes.length === 0) spec.error(`${spec.name('http')} has no usable route`, 'http');
  warnUnreachable(spec, routes);
  return { name: metadata.name, hosts, routes, tcpRoutes, createdAt: metadata.createdAt, position: spec.position() };
}

/** Refuses what is meant for other namespaces only. */
export function checkExportTo(spec: ObjectReader): void {
  for (const { text } of spec.texts('exportTo')) {
    if (EXPORTED_HERE.has(text)) continue;
    spec.error(
      `${spec.name('exportTo')} "${text}" is not implemented: only "." and "*" are, since files belong to one namespace`,
      'exportTo',
    );
  }
}

function readHosts(spec: ObjectReader): WrittenHost[] {
  const hosts = spec.texts('hosts');
  if (hosts.length === 0) spec.error(`${spec.name()} needs at least one of hosts`, spec.has('hosts') ? 'hosts' : undefined);
  const seen = new Set<string>();
  for (const [index, { text }] of hosts.entries()) {
    const fault = seen.has(text) ? `"${text}" stands there twice` : hostFault(text);
    if (fault !== undefined) spec.errorAt(['hosts', index], `${spec.name('hosts')}: ${fault}`);
    seen.add(text);
  }
  return hosts;
}

function readRoute(reader: ObjectReader): HttpRoute | undefined {
  const matches = reader.objects('match', MATCH_FIELDS).map(readMatch);
  const headers = reader.object('headers', HEADERS_FIELDS);
  const destinations = readDestinations(reader);
  const route: HttpRoute = {
    name: reader.text('name'),
    matches,
    destinations,
    timeoutMs: reader.duration('timeout'),
    requestHeaders: readHeaderOperations(headers, 'request'),
    responseHeaders: readHeaderOperations(headers, 'response'),
    position: reader.position(),
  };
  return destinations.length === 0 ? undefined : route;
}

function readMatch(reader: ObjectReader): RouteMatch {
  checkGateways(reader);
  const uri = readStringMatch(reader, 'uri');
  if ((uri?.kind === 'exact' || uri?.kind === 'prefix') && !uri.value.startsWith('/')) {
    reader.warnAt(['uri', uri.kind], `${reader.name('uri')} matches nothing: a uri is /<service>/<method>, and begins with a slash`);
  }
  return {
    name: reader.text('name'),
    uri,
    ignoreUriCase: reader.boolean('ignoreUriCase'),
    authority: readStringMatch(reader, 'authority'),
    headers: [...readPseudoHeaders(reader), ...readHeaderMatches(reader, 'headers')],
    withoutHeaders: readHeaderMatches(reader, 'withoutHeaders'),
    position: reader.position(),
  };
}

/** What only some protocols' requests have: conditions on pseudo-headers, so that the protocol decides whether it has them. */
function readPseudoHeaders(reader: ObjectReader): HeaderMatch[] {
  const matches: HeaderMatch[] = [];
  for (const field of ['method', 'scheme'] as const) {
    const match = readStringMatch(reader, field);
    if (match !== undefined) matches.push({ name: `:${field}`, match, ignoreCase: false, position: reader.position(field) });
  }
  for (const one of readHeaderMatches(reader, 'queryParams')) matches.push({ ...one, name: `:query[${one.name}]` });
  return matches;
}

/** A route without conditions takes every request: what stands below it in the same resource is dead text. */
function warnUnreachable(spec: ObjectReader, routes: readonly HttpRoute[]): void {
  const all = routes.findIndex(({ matches }) => matches.length === 0);
  if (all === -1 || all === routes.length - 1) return;
  spec.warnAt(['http', all + 1], `${spec.name('http')}[${all + 1}] is never reached: the route above it matches every request`);
}
