// A program that makes one request to the given address, and then has nothing left to do.
import { undiciTransport } from '@frameio-auth/transport-undici';

const [, , url = ''] = process.argv;
const response = await undiciTransport()(url, { method: 'POST', headers: {}, redirect: 'manual', cache: 'no-store' });
process.stdout.write(await response.text());
