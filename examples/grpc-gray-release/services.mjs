// acme.Greeter v1 and v2 with grpc-js. They do not know that there is a proxy.
import grpc from '@grpc/grpc-js';
import { Greeter } from './greeter.mjs';

const ports = process.argv.length > 2 ? process.argv.slice(2) : ['12301', '12302'];

for (const [at, port] of ports.entries()) {
  const version = `v${at + 1}`;
  const server = new grpc.Server();
  server.addService(Greeter, {
    greet: (call, done) => done(null, `${version} says hello to ${call.request}`),
    countdown(call) {
      for (let n = Number(call.request); n > 0; n--) call.write(`${version} says ${n}`);
      call.end();
    },
  });
  await new Promise((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, grpc.ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve()));
  });
}
console.log('services ready');
