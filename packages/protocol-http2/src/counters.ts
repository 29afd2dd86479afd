import type { StreamCounter } from '@polywire/core/spi';

/** What all connections of the protocol did and hold. Gauges are 0 when nothing is open. */
export class Http2Counters {
  callerConnections = 0;
  serviceConnections = 0;
  callerStreams = 0;
  serviceStreams = 0;
  /** Waiting in streams for a window or a socket. */
  queuedBytes = 0;
  /** Received on streams that are paused: their windows are not given back. */
  heldBytes = 0;
  resetsSent = 0;
  resetsReceived = 0;
  goAwaysSent = 0;
  goAwaysReceived = 0;
  protocolErrors = 0;
  floods = 0;
  refusedStreams = 0;
  stalledStreams = 0;

  all(): StreamCounter[] {
    const gauge = (name: string, help: string, value: () => number): StreamCounter => ({ name, help, kind: 'gauge', value });
    const counter = (name: string, help: string, value: () => number): StreamCounter => ({ name, help, kind: 'counter', value });
    return [
      gauge('downstream_connections', 'Connections of callers', () => this.callerConnections),
      gauge('upstream_connections', 'Connections to services', () => this.serviceConnections),
      gauge('downstream_open_streams', 'Streams of callers that are not over', () => this.callerStreams),
      gauge('upstream_open_streams', 'Streams to services that are not over', () => this.serviceStreams),
      gauge('queued_bytes', 'Data that waits for a window or a socket of its receiver', () => this.queuedBytes),
      gauge(
        'unreturned_window_bytes',
        'Received data of streams that cannot be passed on, whose windows are not given back',
        () => this.heldBytes,
      ),
      counter('resets_sent_total', 'RST_STREAM frames sent', () => this.resetsSent),
      counter('resets_received_total', 'RST_STREAM frames received for open streams', () => this.resetsReceived),
      counter('goaways_sent_total', 'GOAWAY frames sent', () => this.goAwaysSent),
      counter('goaways_received_total', 'GOAWAY frames received', () => this.goAwaysReceived),
      counter('protocol_errors_total', 'Connections and streams that were ended for an error of their sender', () => this.protocolErrors),
      counter('floods_total', 'Connections that were ended for too many frames, resets or errors', () => this.floods),
      counter('refused_streams_total', 'Requests above the limits of their connection', () => this.refusedStreams),
      counter('stalled_streams_total', 'Streams that were reset because their receiver opened no window', () => this.stalledStreams),
    ];
  }
}
