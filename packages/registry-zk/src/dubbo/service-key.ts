import type { ServiceIdentity } from '@polywire/core/spi';
import type { NodeUrl } from '../node-url.ts';
import { parameter } from './parameter.ts';

/** What Dubbo writes for a service without a version; absent, empty and this are one. */
const NO_VERSION = '0.0.0';

/** Who a provider serves. The interface is the parameter; the path may be something else. */
export function identityOf(url: NodeUrl): ServiceIdentity {
  const version = parameter(url, 'version');
  return {
    name: parameter(url, 'interface') ?? url.path,
    group: parameter(url, 'group'),
    version: version === NO_VERSION ? undefined : version,
  };
}

/** Dubbo's service key: `[group/]interface[:version]`. */
export function serviceKey({ name, group, version }: ServiceIdentity): string {
  return `${group === undefined ? '' : `${group}/`}${name}${version === undefined ? '' : `:${version}`}`;
}
