import { createWriteStream } from 'node:fs';
import { resolve } from 'node:path';
import type { AccessLogConfig } from '../config/bootstrap-model.ts';
import { OPAQUE_PROTOCOL } from '../identity/opaque-protocol.ts';
import { AccessLog, type AccessLogRecord } from '../observe/access-log.ts';
import type { Log } from '../observe/log.ts';
import { UNREADABLE } from '../protocol/spi.ts';
import type { HeadReader } from '../stream/stream.ts';
import { formatAddress } from '../transport/listen.ts';
import type { ProxiedExchange } from './exchange.ts';
import type { OpaqueConnection } from './opaque-connection.ts';

/** One request as its line in the access log, when it ended. */
export function accessRecord<Req, Res>(
  listener: string,
  exchange: ProxiedExchange<Req, Res>,
  heads: HeadReader<Req, Res>,
): AccessLogRecord {
  const duration = exchange.elapsedMs;
  const { endpoint } = exchange;
  return {
    time: Date.now() - duration,
    listener,
    protocol: exchange.protocol,
    peer: exchange.peer,
    service: exchange.service,
    method: exchange.method,
    route: exchange.route?.name ?? '',
    cluster: exchange.cluster?.name ?? '',
    endpoint: endpoint === undefined ? '' : formatAddress(endpoint.address, endpoint.port),
    outcome: exchange.outcome ?? 'none',
    localReply: exchange.localReply?.reason,
    requestBytes: heads.size(exchange.head) + (exchange.streaming ? exchange.bodyBytes : 0),
    responseBytes: exchange.responseBytes,
    duration,
    attempts: exchange.attempt,
    notes: [
      ...(heads.notes?.(exchange.head, exchange.answer, exchange.trailers) ?? []),
      ...(exchange.captured.includes(UNREADABLE) ? ['UNREADABLE'] : []),
    ],
  };
}

/** One connection without requests as its line in the access log. */
export function opaqueAccessRecord(connection: OpaqueConnection): AccessLogRecord {
  const { elapsedMs: duration, endpoint, end } = connection;
  return {
    time: Date.now() - duration,
    listener: connection.listener,
    protocol: OPAQUE_PROTOCOL,
    peer: connection.peer,
    service: connection.target,
    method: '',
    route: connection.route.name,
    cluster: connection.cluster.name,
    endpoint: endpoint === undefined ? '' : formatAddress(endpoint.endpoint.address, endpoint.endpoint.port),
    outcome: end === 'ok' ? 'ok' : end === 'service-reset' || end === 'no-service' ? 'failure' : 'none',
    localReply: undefined,
    requestBytes: connection.received,
    responseBytes: connection.sent,
    duration,
    attempts: connection.attempts,
    notes: [end, connection.reason.replaceAll(/[\s,]+/g, '-')],
  };
}

/**
 * undefined when the bootstrap wants none.
 * @param baseDirectory folder that the file's path is relative to
 */
export function openAccessLog(config: AccessLogConfig | undefined, baseDirectory: string, log: Log): AccessLog | undefined {
  if (config === undefined) return undefined;
  if (config.path !== undefined) {
    const file = createWriteStream(resolve(baseDirectory, config.path), { flags: 'a' });
    file.on('error', (error) => log.error(`the access log cannot be written, its lines are dropped: ${error.message}`));
    return new AccessLog(file, { format: config.format });
  }
  const { stdout } = process;
  // Standard output outlives the log and cannot be ended.
  const sink = {
    write: (text: string) => stdout.write(text),
    on: (event: 'error', listener: () => void) => stdout.on(event, listener),
    once: (event: 'drain', listener: () => void) => stdout.once(event, listener),
    end: (callback: () => void) => callback(),
  };
  return new AccessLog(sink, { format: config.format });
}
