// A gRPC caller at the port of the proxy. It says which service it means by the authority, as callers in a mesh do by the name they resolve.
import grpc from '@grpc/grpc-js';
import { Greeter } from './greeter.mjs';

const port = process.argv[2] ?? '12300';
const Client = grpc.makeGenericClientConstructor(Greeter, 'acme.Greeter');
const client = new Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), { 'grpc.default_authority': 'greeter.acme.example' });

function greet(user) {
  const metadata = new grpc.Metadata();
  metadata.set('x-user', user);
  return new Promise((resolve, reject) => {
    client.greet(user, metadata, { deadline: Date.now() + 5_000 }, (error, answer) => (error ? reject(error) : resolve(answer)));
  });
}

console.log(`one answer: ${await greet('bob')}, ${await greet('ann')}`);
const answers = [];
for await (const answer of client.countdown('3', { deadline: Date.now() + 5_000 })) answers.push(answer);
console.log(`a stream: ${answers.join(', ')}`);
client.close();
