import type { Problem } from '../errors/config-error.ts';
import { OPAQUE_PROTOCOL } from '../identity/opaque-protocol.ts';
import type { DetectionConfig, ListenerConfig, ListenerProtocolConfig } from './bootstrap-model.ts';
import { DETECTION_DEFAULTS, type ParsedListener } from './listener-schema.ts';
import type { Path } from './problems.ts';
import type { SourceDocument } from './yaml-source.ts';

/** Of a listener in which checkListener() found nothing. */
export function toListenerConfig({ upstream, filters, ...listener }: ParsedListener): ListenerConfig {
  const opaque = isOpaque(listener);
  const protocols = opaque ? [] : listener.protocols.map(toProtocol);
  return {
    name: listener.name,
    address: listener.address,
    tls: listener.tls && { ...listener.tls, clientCa: listener.tls.clientCa },
    protocols,
    detection: protocols.length > 1 || listener.detection !== undefined ? toDetection(listener.detection ?? DETECTION_DEFAULTS) : undefined,
    opaque: opaque ? upstream : undefined,
    upstream: opaque || upstream === undefined ? undefined : { host: upstream.host, port: upstream.port },
    filters: filters.map(({ name, config }) => ({ name, config })),
    deadline: listener.deadline,
  };
}

/** Rules that join several options of one listener. */
export function checkListener(listener: ParsedListener, index: number, document: SourceDocument): Problem[] {
  const problems: Problem[] = [];
  const fail = (message: string, ...path: Path) =>
    problems.push({ severity: 'error', message, position: document.position(['listeners', index, ...path]) });
  const names = listener.protocols.map(nameOf);
  for (const [at, name] of names.entries()) {
    if (names.indexOf(name) < at) fail(`"${name}" stands in protocols twice`, 'protocols', at);
    else if (name === OPAQUE_PROTOCOL && names.length > 1) {
      fail('"tcp" is spoken alone: where bytes go that no protocol recognises is said by detection.fallback', 'protocols', at);
    }
  }
  const { upstream } = listener;
  if (isOpaque(listener)) checkOpaque(listener, fail);
  else if (upstream !== undefined && upstream.kind === 'service') {
    fail('upstream is one address, like 127.0.0.1:20880: requests of services are routed when there is none', 'upstream');
  }
  return problems;
}

function checkOpaque(listener: ParsedListener, fail: (message: string, ...path: Path) => void): void {
  const [protocol] = listener.protocols;
  if (typeof protocol === 'object' && protocol.settings !== undefined) fail('"tcp" has no settings', 'protocols', 0, 'settings');
  if (listener.detection !== undefined) fail('there is nothing to detect in protocols: [tcp]', 'detection');
  if (listener.filters.length > 0) fail('filters see requests, and protocols: [tcp] has none', 'filters');
  if (listener.upstream !== undefined) return;
  fail(
    'protocols: [tcp] needs upstream: an address like 127.0.0.1:3306, or a service like {host: mysql.prod.svc, port: 3306}',
    'protocols',
  );
}

function isOpaque({ protocols: [first, second] }: Pick<ParsedListener, 'protocols'>): boolean {
  return first !== undefined && second === undefined && nameOf(first) === OPAQUE_PROTOCOL;
}

type WrittenProtocol = ParsedListener['protocols'][number];

function nameOf(written: WrittenProtocol): string {
  return typeof written === 'string' ? written : written.name;
}

function toProtocol(written: WrittenProtocol): ListenerProtocolConfig {
  const settings = typeof written === 'string' ? {} : (written.settings ?? {});
  return { name: nameOf(written), settings: new Map(Object.entries(settings).map(([key, value]) => [key, String(value)])) };
}

function toDetection({ timeout, maxBytes, fallback }: NonNullable<ParsedListener['detection']>): DetectionConfig {
  return { timeout, maxBytes, fallback: fallback === 'refuse' ? 'refuse' : fallback.opaque };
}
