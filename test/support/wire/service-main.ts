// A provider in a process of its own, for tests that kill and freeze it: node service-main.js <wire> <name> <port>
import { wireNamed } from './all.ts';
import { echo, WireService } from './service.ts';

const [wire = 'dubbo', name = 'service', port = '0'] = process.argv.slice(2);
const service = await WireService.start({ after: () => undefined }, wireNamed(wire), echo(name), Number(port));
process.stdout.write(`listening ${service.port}\n`);
