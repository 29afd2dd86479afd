// com.acme.Hello v1 and v2 with sofa-rpc-node, com.acme.Users v1 and v2 with Thrift's library. They do not know that there is a proxy.
import { once } from 'node:events';
import sofa from 'sofa-rpc-node';
import thrift from 'thrift';
import { UsersProcessor } from './users.mjs';

const logger = { debug() {}, info() {}, warn: console.error, error: console.error };
const [hello1 = '12201', hello2 = '12202', users1 = '12203', users2 = '12204'] = process.argv.slice(2);

async function startHello(version, port) {
  const server = new sofa.server.RpcServer({ appName: 'hello', logger, port: Number(port) });
  server.addService({ interfaceName: 'com.acme.Hello' }, { sayHello: async (name) => `${version} says hello to ${name}` });
  await server.start();
}

async function startUsers(version, port) {
  const handler = { find: (name) => `${version} found ${name}` };
  const server = thrift.createServer(UsersProcessor, handler, { transport: thrift.TFramedTransport, protocol: thrift.TBinaryProtocol });
  await once(server.listen(Number(port), '127.0.0.1'), 'listening');
}

await Promise.all([startHello('v1', hello1), startHello('v2', hello2), startUsers('v1', users1), startUsers('v2', users2)]);
console.log('services ready');
