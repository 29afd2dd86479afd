import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFromFiles } from '../testing/proxy-files.ts';
import { PLAIN } from '../testing/tls-peers.ts';
import { echo, ToyClient, ToyServer } from '../testing/toy-peers.ts';

function service(host: string, port: number): string {
  return `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ${host}}
spec:
  hosts: [${host}]
  resolution: STATIC
  ports: [{number: 80, name: toy-main, protocol: TCP}]
  endpoints: [{address: 127.0.0.1, ports: {toy-main: ${port}}}]
---
`;
}

function route(host: string, destination: string): string {
  return `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ${host}}
spec: {hosts: [${host}], http: [{route: [{destination: {host: ${destination}}}]}]}
---
`;
}

const TLS_TO_SAFE = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: safe}
spec: {host: safe.test, trafficPolicy: {tls: {mode: SIMPLE, insecureSkipVerify: true}}}
---
`;

test('a destination of several services, and an address that is spoken to in two ways, are one series each', async (t) => {
  const server = await ToyServer.start(echo('toy'));
  t.after(() => server.stop());
  const mesh = [
    ...['users.test', 'front.test', 'safe.test'].map((host) => service(host, server.port)),
    route('users.test', 'users.test'),
    route('front.test', 'users.test'),
    TLS_TO_SAFE,
  ];
  const { proxy, port } = await startFromFiles(t, { bootstrap: PLAIN, mesh: mesh.join('') });
  const client = await ToyClient.connect(port('one'));
  t.after(() => client.socket.destroy());
  for (const [at, host] of ['users.test', 'front.test', 'safe.test'].entries()) {
    client.request(at + 1, `${host} m|`);
    await client.received(at + 1);
  }
  const series = [...proxy.adminSource.metrics()].map(({ family, labels, value }) => ({
    key: `${family.name} ${JSON.stringify(labels)}`,
    value,
  }));
  const keys = series.map(({ key }) => key);
  assert.deepEqual(
    keys.filter((key, at) => keys.indexOf(key) !== at),
    [],
  );
  const counted = (name: string, labels: object) => series.find(({ key }) => key === `polywire_${name} ${JSON.stringify(labels)}`)?.value;
  assert.equal(counted('cluster_requests_total', { protocol: 'toy', cluster: 'users.test', outcome: 'ok' }), 2);
  const endpoint = `127.0.0.1:${server.port}`;
  assert.equal(counted('endpoint_connections_total', { protocol: 'toy', endpoint }), 2);
  const names = [...proxy.adminSource.clusters()].map(({ name }) => name);
  assert.deepEqual(names.sort(), ['safe.test', 'users.test']);
});
