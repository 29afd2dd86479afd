import type { LocalReplyReason, Outcome } from '../protocol/spi.ts';
import { Histogram } from './histogram.ts';

/** Counters of one listener and protocol, since the process began. */
export class ListenerStats {
  connections = 0;
  connectionsActive = 0;
  connectionsRefused = 0;
  protocolErrors = 0;
  requestsActive = 0;
  readonly duration = new Histogram();
  readonly outcomes: Record<Outcome, number> = {
    ok: 0,
    'business-error': 0,
    overload: 0,
    'not-found': 0,
    denied: 0,
    timeout: 0,
    failure: 0,
  };
  /** Requests whose caller went away, and one-way requests. */
  cancelled = 0;
  oneway = 0;
  readonly localReplies: Record<LocalReplyReason, number> = {
    'no-route': 0,
    'no-healthy-upstream': 0,
    overflow: 0,
    timeout: 0,
    denied: 0,
    'upstream-reset': 0,
    'too-large': 0,
    'bad-request': 0,
    internal: 0,
  };
}
