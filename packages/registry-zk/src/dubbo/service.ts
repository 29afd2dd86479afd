import type { ServiceIdentity, ServicePort } from '@polywire/core/spi';
import type { AnnouncedService } from '../follow/layout.ts';
import { hostName } from '../host-name.ts';
import { serviceKey } from './service-key.ts';

/** Of Dubbo's protocols, those whose callers there are. */
export type DubboProtocol = 'dubbo' | 'tri';

/** Dubbo's defaults. They name the services' ports, which endpoints map to their own. */
const PORTS: Readonly<Record<DubboProtocol, ServicePort>> = {
  dubbo: { name: 'dubbo', number: 20_880, protocol: 'TCP' },
  tri: { name: 'tri', number: 50_051, protocol: 'TCP' },
};

/** The service that providers of this identity announce. Services of two protocols are two: none has callers of both. */
export function dubboService(identity: ServiceIdentity, protocol: DubboProtocol): AnnouncedService {
  return {
    host: hostName(identity, protocol),
    identity,
    protocol,
    port: PORTS[protocol],
    annotations: new Map([['polywire.io/service', serviceKey(identity)]]),
  };
}
