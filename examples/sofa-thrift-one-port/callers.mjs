// A SOFARPC and a Thrift caller, both at the port of the proxy.
import sofa from 'sofa-rpc-node';
import thrift from 'thrift';
import { UsersClient } from './users.mjs';

const logger = { debug() {}, info() {}, warn: console.error, error: console.error };
const port = Number(process.argv[2] ?? 12200);

const client = new sofa.client.RpcClient({ logger });
const hello = client.createConsumer({ interfaceName: 'com.acme.Hello', serverHost: `bolt://127.0.0.1:${port}` });
await hello.ready();
console.log(`SOFARPC: ${await hello.invoke('sayHello', ['bob'])}, ${await hello.invoke('sayHello', ['ann'])}`);

// The services want frames, the proxy sees to it.
for (const [name, transport] of Object.entries({ framed: thrift.TFramedTransport, unframed: thrift.TBufferedTransport })) {
  const connection = thrift.createConnection('127.0.0.1', port, { transport, protocol: thrift.TBinaryProtocol });
  const users = thrift.createClient(UsersClient, connection);
  console.log(`Thrift, ${name}: ${await users.find('bob')}, ${await users.find('ann')}`);
  connection.end();
}
process.exit(); // sofa-rpc-node keeps its timers
