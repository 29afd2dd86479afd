// A plain TCP pipe: what Node itself costs when nothing is read from the bytes.
//   node tcp-pipe.mjs LISTEN_PORT BACKEND_PORT
import net from 'node:net';

const [listenPort, backendPort] = process.argv.slice(2).map(Number);

net
  .createServer({ noDelay: true }, (downstream) => {
    const upstream = net.connect({ port: backendPort, host: '127.0.0.1', noDelay: true });
    downstream.pipe(upstream).pipe(downstream);
    downstream.on('error', () => upstream.destroy()).on('close', () => upstream.destroy());
    upstream.on('error', () => downstream.destroy()).on('close', () => downstream.destroy());
  })
  .listen(listenPort, '127.0.0.1', 4096);
