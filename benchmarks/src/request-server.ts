/**
 * A process that responds to requests without a body on persistent connections, as fast as it can, so that the client
 * is measured. All paths except `/open` require a token.
 */
import { type AddressInfo, createServer } from 'node:net';

const body = JSON.stringify({ data: { id: '00000000-0000-4000-8000-0000000000b1', name: 'fictional'.repeat(50) } });
const head = 'content-type: application/json\r\nx-ratelimit-limit: 1000\r\nx-ratelimit-remaining: 999\r\n';
const granted = `HTTP/1.1 200 OK\r\n${head}content-length: ${body.length}\r\n\r\n${body}`;
const refused = `HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n`;

const server = createServer({ noDelay: true }, (socket) => {
  let request = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    request += chunk;
    if (!request.endsWith('\r\n\r\n')) return;
    const good = request.startsWith('GET /open ') || /\r\nauthorization: Bearer access\.fictional/i.test(request);
    request = '';
    socket.write(good ? granted : refused);
  });
  socket.on('error', () => {}); // The client may disconnect at any time.
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit());
