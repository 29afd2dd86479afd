import { goProblem, output, pythonProblem } from './requirements.ts';

/** What HTTP/2 tests need beside Node: the programs of nghttp2, curl, a Go compiler, Python. */
export type Http2Tool = 'nghttp2' | 'curl' | 'go' | 'python';

/**
 * For the `skip` option of a test: `false` when these tools are there, else the reason. On a CI machine (`CI=true`) what is missing
 * is a failure.
 */
export function requireHttp2(...tools: readonly Http2Tool[]): string | false {
  const answer = tools.map(problem).find((found) => found !== false) ?? false;
  if (answer !== false && process.env['CI'] === 'true') {
    throw new Error(`${answer}; install nghttp2-client, nghttp2-server, curl, golang-go and python3-venv, or run .ci/run`);
  }
  return answer;
}

function problem(tool: Http2Tool): string | false {
  if (tool === 'go') return goProblem();
  if (tool === 'python') return pythonProblem();
  if (tool === 'curl') return output('curl', '--version').includes('HTTP2') ? false : 'needs curl with HTTP/2';
  const missing = ['nghttp', 'nghttpd', 'h2load'].filter((program) => output(program, '--version') === '');
  return missing.length === 0 ? false : `needs nghttp2's ${missing.join(' and ')}`;
}
