/**
 * The process of the servers: an API that does with each request what the plan says, another origin that redirects lead
 * to, and an authorization server that fails now and then. It keeps a record of what it saw.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { randomNumbers } from '@frameio-auth/conformance';
import { fault, startAuthorizationServer, type Fault as TokenFault } from '@frameio-auth/testing';
import { answerCommands } from '../child-program.ts';
import type { Addresses, Arrival, Commands, RequestRecord } from './messages.ts';
import { answerText, type Plan, planOf } from './plan.ts';
import { chosen } from './weighted-choice.ts';

const seed = Number(process.argv[2]);
const services = [serviceNamed('ingest'), serviceNamed('review')] as const;
const authorizationServer = await startAuthorizationServer({
  clients: services.map((service) => ({ ...service, grantTypes: ['client_credentials'] })),
});

const records = new Map<number, RequestRecord>();
const tokens = new Map<string, number>();

function serviceNamed(name: string): Addresses['services'][number] {
  return {
    clientId: `${name}.fictional`,
    clientSecret: `client-secret.fictional.${name}`,
    scopes: ['openid', 'AdobeID', 'frameio.apps.readwrite'],
  };
}

function recordOf(id: number): RequestRecord {
  let record = records.get(id);
  if (record === undefined) {
    record = { id, arrivals: [], elsewhere: [] };
    records.set(id, record);
  }
  return record;
}

function tokenOf({ headers: { authorization } }: IncomingMessage): { readonly text: string; readonly number: number } {
  if (authorization === undefined) return { text: '', number: 0 };
  const number = tokens.get(authorization) ?? tokens.size + 1;
  tokens.set(authorization, number);
  return { text: authorization.replace(/^Bearer /, ''), number };
}

async function answerAtApi(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const plan = planOf(seed, Number(request.headers['x-soak-request']));
  const { arrivals } = recordOf(plan.id);
  const token = tokenOf(request);
  const arrival: Arrival = { token: token.number, body: 'incomplete', status: 0, end: 'none' };
  const first = arrivals.push(arrival) === 1;

  if (plan.fault === 'revoked' && first) authorizationServer.revokeToken(token.text);
  const good = authorizationServer.accessTokenIsLive(token.text);
  const body = bodyOf(request, plan).then((seen) => {
    arrival.body = seen;
  });
  if (!plan.early) await body;
  if (plan.delay > 0) await delay(plan.delay);

  if (!good || plan.fault === 'unauthorized') await answer(response, arrival, plan, 401, plan.endless && first);
  else await meetFault(request, response, arrival, plan);
}

async function meetFault(
  request: IncomingMessage,
  response: ServerResponse,
  arrival: Arrival,
  plan: Plan,
): Promise<void> {
  const hangUp = () => (plan.abrupt ? request.socket.resetAndDestroy() : request.socket.destroy());
  switch (plan.fault) {
    case 'none':
    case 'revoked':
    case 'unauthorized':
      return answer(response, arrival, plan, 200);
    case 'forbidden':
      return answer(response, arrival, plan, 403);
    case 'limited':
      response.setHeader('retry-after', '1');
      return answer(response, arrival, plan, 429);
    case 'broken':
      return answer(response, arrival, plan, plan.abrupt ? 500 : 503);
    case 'redirect':
      response.setHeader('location', `${addresses.elsewhere}/elsewhere`);
      return answer(response, arrival, plan, 307);
    case 'reset':
      arrival.end = 'reset';
      hangUp();
      return;
    case 'silent':
      return;
    case 'cut':
    case 'unfinished': {
      const text = answerText(plan, 200);
      arrival.status = 200;
      response.writeHead(200, { 'content-length': text.length });
      await new Promise((written) => response.write(text.slice(0, text.length / 2), written));
      if (plan.fault === 'unfinished') return;
      arrival.end = 'cut';
      hangUp();
    }
  }
}

async function answer(
  response: ServerResponse,
  arrival: Arrival,
  plan: Plan,
  status: number,
  endless = false,
): Promise<void> {
  const text = answerText(plan, status);
  arrival.status = status;
  response.writeHead(status, { 'content-length': text.length });
  if (endless) {
    response.write(text.slice(0, text.length / 2));
    return;
  }
  arrival.end = 'whole';
  const length = Math.ceil(text.length / plan.parts);
  for (let part = 1; part < plan.parts; part += 1) {
    response.write(text.slice((part - 1) * length, part * length));
    await delay(1);
  }
  response.end(text.slice((plan.parts - 1) * length));
}

async function bodyOf(request: IncomingMessage, { body, content }: Plan): Promise<Arrival['body']> {
  let text = '';
  try {
    for await (const chunk of request.setEncoding('utf8')) text += chunk;
  } catch {
    return 'incomplete';
  }
  const wrapped = body === 'form' || body === 'params';
  return (wrapped ? text.includes(content) : text === content) ? 'whole' : 'different';
}

async function answerElsewhere(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const plan = planOf(seed, Number(request.headers['x-soak-request']));
  const arrival: Arrival = { token: tokenOf(request).number, body: 'incomplete', status: 0, end: 'none' };
  recordOf(plan.id).elsewhere.push(arrival);
  arrival.body = await bodyOf(request, plan);
  await answer(response, arrival, plan, plan.statusElsewhere);
}

async function listen(
  handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<{ readonly server: Server; readonly origin: string }> {
  // No connection that was idle is closed in the moment in which a request is sent on it.
  const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Of two requests of a service in a row only one fails, so that its callers always get their token in the end. */
function failNowAndThen(): void {
  const random = randomNumbers(seed);
  const failed = new Map<string | null, boolean>();
  authorizationServer.faults.always('token', async (exchange) => {
    const client = exchange.request.form.get('client_id') ?? exchange.request.headers['authorization'] ?? null;
    const kind = failed.get(client) ? 'none' : chosen({ none: 79, slow: 10, lost: 10, unavailable: 1 }, random);
    failed.set(client, kind === 'lost' || kind === 'unavailable');
    if (kind !== 'none') faultyTokenRequests += 1;
    const faults: Readonly<Record<typeof kind, TokenFault>> = {
      none: ({ process }) => process(),
      slow: fault.delayedAnswer(random() * 30),
      lost: random() < 0.5 ? fault.lostAnswer() : fault.halfAnswer(),
      unavailable: fault.status(503),
    };
    return faults[kind](exchange);
  });
}

let faultyTokenRequests = 0;
failNowAndThen();
const [api, elsewhere] = await Promise.all([listen(answerAtApi), listen(answerElsewhere)]);
const servers = [api.server, elsewhere.server];
const addresses: Addresses = {
  api: api.origin,
  elsewhere: elsewhere.origin,
  authorizationServer: authorizationServer.origin,
  services,
};

answerCommands<Commands>({
  async addresses() {
    return addresses;
  },
  async records({ from, to }) {
    return Array.from({ length: to - from }, (_, index) => recordOf(from + index));
  },
  async connections() {
    const counts = servers.map(
      (server) => new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count))),
    );
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  },
  async tokenRequests() {
    return { total: authorizationServer.count({ endpoint: 'token' }), faulty: faultyTokenRequests };
  },
});

process.on('disconnect', () => process.exit());
