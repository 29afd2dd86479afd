/** Called through the proxy. The first has a provider that never leaves. */
export const INTERFACES = [
  'com.acme.api.FleetSteady',
  'com.acme.api.FleetBusy',
  'com.acme.api.FleetOften',
  'com.acme.api.FleetApps',
] as const;
export const [STEADY, , , APPS] = INTERFACES;
/** Whose addresses rules name. */
export const FLEET_APPLICATION = 'fleet-provider';

/** A provider that listens all the time, registered or not, so that a call that should not reach it is answered, and seen. */
export interface Slot {
  readonly service: string;
  /** What it answers with. */
  readonly name: string;
  readonly port: number;
  /** Of its node, while it is registered. */
  path: string | undefined;
  /** When its node was known to be gone; undefined while it may be there. */
  goneSince: number | undefined;
  /** Since when rules forbid it to take calls, by rule. */
  readonly forbidden: Map<string, number>;
}

/** Whether it never leaves, and no rule forbids it. */
export function isSteady({ service, name }: Slot): boolean {
  return service === STEADY && name.endsWith('#0');
}
