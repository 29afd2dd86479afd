import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { goProgram } from './http2-build.ts';
import { LineProcess } from './line-process.ts';
import type { Owner } from './owner.ts';

/** The cases of gRPC's interoperability client that need neither TLS nor a cloud. */
export const INTEROP_CASES = [
  'empty_unary',
  'large_unary',
  'client_streaming',
  'server_streaming',
  'ping_pong',
  'empty_stream',
  'timeout_on_sleeping_server',
  'cancel_after_begin',
  'cancel_after_first_response',
  'status_code_and_message',
  'special_status_message',
  'custom_metadata',
  'unimplemented_method',
  'unimplemented_service',
  'pick_first_unary',
  'rpc_soak',
  'channel_soak',
  'orca_per_rpc',
] as const;

export type InteropCase = (typeof INTEROP_CASES)[number];

/** Answers within a second, and all of them within ten, are more than a busy machine promises. */
const SOAK = ['--soak_per_iteration_max_acceptable_latency_ms=30000', '--soak_overall_timeout_seconds=90'];
/** What the client has to be told for a case, beside its name. */
const MORE: Partial<Record<InteropCase, readonly string[]>> = {
  rpc_soak: SOAK,
  channel_soak: SOAK,
  orca_per_rpc: ['--service_config_json={"loadBalancingConfig":[{"test_backend_metrics_load_balancer":{}}]}'],
};
const READY = 'READY ';
const READY_TIMEOUT_MILLISECONDS = 60_000;
const CASE_TIMEOUT_MILLISECONDS = 120_000;

/** gRPC's interoperability server, in cleartext, on the port that it answers. */
export async function startInteropServer(owner: Owner): Promise<number> {
  const { readyLine } = await LineProcess.start(owner, {
    name: 'gRPC interop server',
    command: await goProgram('interop-server'),
    args: [],
    ready: (line) => line.startsWith(READY),
    readyTimeout: READY_TIMEOUT_MILLISECONDS,
  });
  return (JSON.parse(readyLine.slice(READY.length)) as { port: number }).port;
}

/** Runs one case of gRPC's interoperability client; fails with what the client said. */
export async function runInterop(testCase: InteropCase, to: { port: number; host?: string }): Promise<void> {
  const program = await goProgram('client');
  const args = [
    `--server_host=${to.host ?? '127.0.0.1'}`,
    `--server_port=${to.port}`,
    `--test_case=${testCase}`,
    ...(MORE[testCase] ?? []),
  ];
  const env = { ...process.env, GRPC_GO_LOG_SEVERITY_LEVEL: 'info' };
  await promisify(execFile)(program, args, { timeout: CASE_TIMEOUT_MILLISECONDS, env });
}
