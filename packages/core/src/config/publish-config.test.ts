import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBootstrap } from './bootstrap.ts';
import { formatProblem } from './problems.ts';

const LISTENERS = `listeners:
- {name: rpc, address: "127.0.0.1:1", protocols: [toy]}
- {name: raw, address: "127.0.0.1:2", protocols: [tcp], upstream: "127.0.0.1:9"}
- {name: inbound, address: "127.0.0.1:3", protocols: [toy], upstream: "127.0.0.1:9"}
`;

function parse(publish: string) {
  const { bootstrap, problems } = parseBootstrap(`${LISTENERS}publish:\n- ${publish}\n`, 'polywire.yaml', {});
  return { publish: bootstrap?.publish, problems: problems.map((problem) => formatProblem(problem)) };
}

test("core's keys are apart from the plugin's", () => {
  const { publish, problems } = parse('{type: toy, listener: rpc, address: "zk:2181", grace: 5s}');
  assert.deepEqual(problems, []);
  assert.deepEqual(publish, [
    { type: 'toy', listener: 'rpc', host: undefined, port: undefined, grace: 5_000, config: { address: 'zk:2181' } },
  ]);
  assert.equal(parse('{type: toy, listener: rpc}').publish?.[0]?.grace, 3_000);
});

test('a listener that routes no services cannot be published', () => {
  const problem = (listener: string) => parse(`{type: toy, listener: ${listener}}`).problems;
  assert.deepEqual(problem('rcp'), ['error polywire.yaml:6:25: there is no listener "rcp". Did you mean "rpc"?']);
  assert.deepEqual(problem('elsewhere'), ['error polywire.yaml:6:25: there is no listener "elsewhere". There is rpc, raw, inbound.']);
  assert.deepEqual(problem('raw'), [
    'error polywire.yaml:6:25: the listener raw passes bytes on as they are and knows no services: publish one that speaks an RPC protocol',
  ]);
  assert.deepEqual(problem('inbound'), [
    'error polywire.yaml:6:25: the listener inbound sends every request to its upstream and routes no services: publish one without upstream',
  ]);
});

test('addresses that cannot be', () => {
  assert.deepEqual(parse('{type: toy, listener: rpc, port: 70000}').problems.length, 1);
  assert.deepEqual(parse('{type: toy, listener: rpc, host: ""}').problems.length, 1);
  for (const host of ['http://x', '10.0.0.1:20880', '[::1]', 'a b']) {
    assert.match(
      parse(`{type: toy, listener: rpc, host: "${host}"}`).problems.join(),
      /:6:36: publish\[0\]\.host: must be a name or an address alone/,
    );
  }
  for (const host of ['10.0.0.1', '::1', 'pod-1.prod', 'my_pod'])
    assert.deepEqual(parse(`{type: toy, listener: rpc, host: "${host}"}`).problems, []);
});
