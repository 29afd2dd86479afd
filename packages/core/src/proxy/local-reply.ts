import type { LocalReplyReason, Outcome } from '../protocol/spi.ts';

/** How an answer of the proxy's own counts. What it says on the wire is the codec's: Mediation.localReply. */
export const LOCAL_REPLY_OUTCOME: Readonly<Record<LocalReplyReason, Outcome>> = {
  'no-route': 'not-found',
  'no-healthy-upstream': 'failure',
  overflow: 'overload',
  timeout: 'timeout',
  denied: 'denied',
  'upstream-reset': 'failure',
  'too-large': 'denied',
  'bad-request': 'denied',
  internal: 'failure',
};
