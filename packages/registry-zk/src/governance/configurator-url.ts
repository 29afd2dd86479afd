import type { ServiceIdentity } from '@polywire/core/spi';
import { serviceKey } from '../dubbo/service-key.ts';
import { type Configurator, shownParameters } from './configurator.ts';
import type { RuleUrl } from './rule-url.ts';

/** Parameters that say when a configurator applies, and those that are of no use to anybody else. */
const OWN = new Set(
  `anyhost application category check compatible_config configVersion dynamic enabled group interface interfaces name priority
  providerAddresses router rule runtime side type version accesslog.fixed.path`.split(/\s+/),
);

/** A configurator that is a URL: a child of `configurators`, or one of a list of them in the configuration centre. undefined: it is switched off, or sets nothing. */
export function configuratorOf({ protocol, host, port, path, parameters }: RuleUrl, origin: string): Configurator | undefined {
  const isOld = !parameters.get('configVersion');
  const set = new Map<string, string>();
  const conditions = new Map<string, string>();
  for (const [key, value] of parameters) {
    if (key.startsWith('~')) conditions.set(key.slice(1), value);
    else if (!OWN.has(key)) set.set(key, value);
  }
  // Dubbo Admin writes this one for 2.6 beside another in the configuration centre, which is read.
  if (parameters.get('enabled') === 'false' || parameters.get('compatible_config') || set.size === 0) return undefined;
  const application = parameters.get('application');
  return {
    origin,
    text: `${protocol}://${host}${port === 0 ? '' : `:${port}`} ${shownParameters(set)}`,
    mode: protocol === 'absent' ? 'absent' : 'override',
    isOld,
    host,
    port,
    priority: Number(parameters.get('priority')) || 0,
    side: parameters.get('side'),
    application: application === '*' ? undefined : application,
    service: path === '*' ? '*' : serviceKey(identityOfRule({ path, parameters })),
    providerAddresses: parameters.get('providerAddresses')?.split(',') ?? [],
    conditions,
    match: undefined,
    parameters: set,
  };
}

/** The service that a rule of 2.6 is for. */
export function identityOfRule({ path, parameters }: Pick<RuleUrl, 'path' | 'parameters'>): ServiceIdentity {
  const version = parameters.get('version') || undefined;
  return {
    name: parameters.get('interface') || path,
    group: parameters.get('group') || undefined,
    version: version === '0.0.0' ? undefined : version,
  };
}
