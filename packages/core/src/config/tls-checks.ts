import type { Problem } from '../errors/config-error.ts';
import { readTlsFiles, TlsFault, type TlsFiles } from '../transport/tls-files.ts';
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

/** What is wrong with one of several files. */
export interface TlsProblem {
  readonly which: keyof TlsFiles;
  readonly severity: Problem['severity'];
  readonly message: string;
}

/** Reads and judges the files of one certificate. */
export function checkTlsFiles(files: TlsFiles): TlsProblem[] {
  const problem = ({ which, message }: TlsFault, severity: Problem['severity']) => ({ which, severity, message });
  try {
    return readTlsFiles(files).warnings.map((fault) => problem(fault, 'warning'));
  } catch (error) {
    if (error instanceof TlsFault) return [problem(error, 'error')];
    throw error;
  }
}
