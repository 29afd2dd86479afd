import { resolve } from 'node:path';
import type { Problem } from '../errors/config-error.ts';
import { readTlsFiles, TlsFault, type TlsFiles } from '../transport/tls-files.ts';
import type { ListenerTlsConfig } from './bootstrap-model.ts';
import type { ClientTls, DestinationRule } from './model.ts';

/** Every `trafficPolicy.tls` that asks for TLS. */
export function clientTlsOf(rules: readonly DestinationRule[]): ClientTls[] {
  const written = rules.flatMap(({ tls, subsets }) => [tls, ...subsets.map((subset) => subset.tls)]);
  return written.flatMap((tls) => (tls === undefined || tls.mode === 'DISABLE' ? [] : [tls]));
}

/** What is wrong with the files that rules name, where they are named. */
export function checkClientTls(rules: readonly DestinationRule[]): Problem[] {
  const judged = new Map<string, readonly TlsProblem[]>();
  return clientTlsOf(rules).flatMap(({ files, positions }) => {
    const key = JSON.stringify(files);
    const problems = judged.get(key) ?? checkTlsFiles(files);
    judged.set(key, problems);
    return problems.map(({ which, severity, message }) => ({ severity, message, position: positions[which] }));
  });
}

/** The files of a listener, as paths that can be opened. */
export function listenerTlsFiles({ cert, key, clientCa }: ListenerTlsConfig, directory: string): TlsFiles {
  const path = (file: string) => resolve(directory, file);
  return { cert: path(cert), key: path(key), ca: clientCa === undefined ? undefined : path(clientCa) };
}

/**
 * What is wrong with the files of a listener; `option` is where below `tls` they are named.
 * @param directory the bootstrap file's
 */
export function checkListenerTls(tls: ListenerTlsConfig, directory: string): (Omit<TlsProblem, 'which'> & { readonly option: string })[] {
  return checkTlsFiles(listenerTlsFiles(tls, directory)).map(({ which, ...problem }) => ({
    ...problem,
    option: which === 'ca' ? 'clientCa' : which,
  }));
}

/** What is wrong with one of several files. */
interface TlsProblem {
  readonly which: keyof TlsFiles;
  readonly severity: Problem['severity'];
  readonly message: string;
}

/** Reads and judges the files of one certificate. */
function checkTlsFiles(files: TlsFiles): TlsProblem[] {
  const problem = ({ which, message }: TlsFault, severity: Problem['severity']) => ({ which, severity, message });
  try {
    return readTlsFiles(files).warnings.map((fault) => problem(fault, 'warning'));
  } catch (error) {
    if (error instanceof TlsFault) return [problem(error, 'error')];
    throw error;
  }
}
