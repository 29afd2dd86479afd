import type { ServiceIdentity } from '@polywire/core/spi';
import type { AnnouncedService } from '../follow/layout.ts';
import { hostName } from '../host-name.ts';
import { serviceKey } from './service-key.ts';

/** Dubbo's default. It names the service's port, which endpoints map to their own. */
const DUBBO_PORT = { name: 'dubbo', number: 20_880, protocol: 'TCP' } as const;

/** The service that providers of this identity announce. */
export function dubboService(identity: ServiceIdentity): AnnouncedService {
  return {
    host: hostName(identity, 'dubbo'),
    identity,
    protocol: 'dubbo',
    port: DUBBO_PORT,
    annotations: new Map([['polywire.io/service', serviceKey(identity)]]),
  };
}
