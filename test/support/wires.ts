import type { DubboModule, Refer, ServiceName } from './peers.ts';

export type Serialization = 'hessian2' | 'fastjson2' | 'java' | 'compactedjava' | 'nativejava' | 'kryo' | 'kryo2' | 'fst' | 'protostuff';

/** A generation of Dubbo and what it writes arguments with. */
export interface Wire {
  readonly module: DubboModule;
  readonly serialization: Serialization;
}

/** Every combination that all tests cover. */
export const WIRES: readonly Wire[] = [
  { module: 'dubbo27', serialization: 'hessian2' },
  { module: 'dubbo3', serialization: 'hessian2' },
  { module: 'dubbo3', serialization: 'fastjson2' },
];

/** A reference without a registry, to a loopback port. */
export function direct(wire: Wire, port: number, on: string, service: ServiceName, more: Partial<Refer> = {}): Refer {
  return {
    on,
    service,
    url: `dubbo://127.0.0.1:${port}`,
    ...more,
    // A direct URL does not say what the provider prefers; without these 3.3 falls back to Hessian.
    parameters: { serialization: wire.serialization, 'prefer.serialization': wire.serialization, ...more.parameters },
  };
}
