import type { Ready } from './ready-list.ts';
import type { SendQueue } from './send-queue.ts';

/** A stream as its connection's sender sees it. */
export interface SendingStream extends Ready<SendingStream> {
  readonly id: number;
  /** What its receiver still takes; below 0 after SETTINGS that made it smaller. */
  sendWindow: number;
  /** undefined: nothing waits. */
  queue: SendQueue | undefined;
  readonly closed: boolean;
  /** Nothing waits any more, and the stream goes on. */
  onDrained(): void;
  /** The stream's last frame was written. */
  onEndSent(): void;
}
