import { type BoltFrame, HEARTBEAT, HESSIAN, REQUEST, RESPONSE } from './frame.ts';
import { requestHeader, responseHeader } from './header.ts';

/** A heartbeat (RpcHeartbeatTrigger): a request without class, headers and content, and without a checksum. */
export function ping(id: number, dialect: number): Buffer {
  return requestHeader({ dialect, type: REQUEST, command: HEARTBEAT, id, codec: HESSIAN });
}

/** The answer to a heartbeat (RpcHeartBeatProcessor), in its version and with its id. */
export function pong({ dialect, id, codec }: BoltFrame): Buffer {
  return responseHeader({ dialect, type: RESPONSE, command: HEARTBEAT, id, codec }, 0, 0, [0, 0, 0]);
}
