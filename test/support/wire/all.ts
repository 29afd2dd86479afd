import { dubbo } from './dubbo.ts';
import type { RawWire } from './raw-wire.ts';

/** Every wire that the suites run on. */
export const ALL_WIRES: readonly RawWire[] = [dubbo];
