import { isJsonObject, type JsonObject, jsonObject } from './json.ts';
import { isAddress } from './node-url.ts';

/**
 * What Curator's service discovery writes below `/services/<name>`: Dubbo's application level and Spring Cloud both use it, and tell their
 * instances apart by the payload only.
 */
export interface DiscoveryInstance {
  /** IP address or host name. */
  readonly address: string;
  /** 0: there is none. */
  readonly port: number;
  /** 0: there is none. */
  readonly sslPort: number;
  readonly isEnabled: boolean;
  readonly payload: JsonObject;
  /** Of the payload. */
  readonly metadata: JsonObject;
  /** Milliseconds since 1970; 0: it does not say. */
  readonly registeredAt: number;
}

/** undefined: no such instance. */
export function readInstance(data: Buffer): DiscoveryInstance | undefined {
  const instance = jsonObject(data);
  if (instance === undefined || typeof instance['address'] !== 'string' || !isAddress(instance['address'])) return undefined;
  const payload = isJsonObject(instance['payload']) ? instance['payload'] : {};
  return {
    address: instance['address'],
    port: portOf(instance['port']),
    sslPort: portOf(instance['sslPort']),
    isEnabled: instance['enabled'] !== false,
    payload,
    metadata: isJsonObject(payload['metadata']) ? payload['metadata'] : {},
    registeredAt: Number(instance['registrationTimeUTC']) || 0,
  };
}

/** A port in 1..65535, else 0. */
export function portOf(value: unknown): number {
  const port = Number(value);
  return Number.isInteger(port) && port >= 1 && port <= 65_535 ? port : 0;
}
