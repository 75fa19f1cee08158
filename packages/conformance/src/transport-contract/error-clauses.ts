import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import type { TransportError } from '@frameio-auth/core';
import type { TransportRequest } from '@frameio-auth/core/adapter';
import { serverCertificate } from '@frameio-auth/testing';
import { closedOrigin, type Misbehaviour, misbehaviour, responseText } from '../misbehaving-server.js';
import {
  CANARIES,
  type Clause,
  failureTo,
  PATH,
  REQUEST,
  SHORT,
  start,
  type TransportFixture,
} from './transport-fixture.js';

const { hang, hangUp, reset, respond, send, sendAndHangUp } = misbehaviour;

const SECRET_ANSWER = { 'X-Secret': CANARIES.answer, 'Set-Cookie': `a=${CANARIES.answer}` };

/** Servers that make a request fail, with a secret in each response. */
const SERVERS: Readonly<Record<string, Misbehaviour>> = {
  'hangs up': hangUp,
  'resets the connection': reset,
  'speaks no HTTP': sendAndHangUp(`${CANARIES.answer}\r\n\r\n`),
  'hangs up within its headers': sendAndHangUp(`HTTP/1.1 200 OK\r\nX-Secret: ${CANARIES.answer}\r\n`),
  'hangs up within its body': sendAndHangUp(
    responseText(200, CANARIES.answer, { ...SECRET_ANSWER, 'Content-Length': '1000' }),
  ),
  'sends broken gzip': respond(200, CANARIES.answer, { ...SECRET_ANSWER, 'Content-Encoding': 'gzip' }),
  'sends too much': respond(200, CANARIES.answer.repeat(100), SECRET_ANSWER),
  'answers with a status that is none': respond(999, CANARIES.answer, SECRET_ANSWER),
  redirects: respond(302, CANARIES.answer, { ...SECRET_ANSWER, Location: `/${CANARIES.answer}` }),
};

/** Servers that never finish responding. */
const SILENT: Readonly<Record<string, Misbehaviour>> = {
  'says nothing': hang,
  'stops within its headers': send(`HTTP/1.1 200 OK\r\nX-Secret: ${CANARIES.answer}\r\n`),
  'stops within its body': send(responseText(200, CANARIES.answer, { ...SECRET_ANSWER, 'Content-Length': '1000' })),
};

/** Requests that cannot be sent, with a secret in each part. */
const UNFIT: readonly (readonly [url: string, flaw: Partial<TransportRequest>])[] = [
  [`http://127.0.0.1:1${PATH}`, { headers: { authorization: `${CANARIES.header}\r\nx: y` } }],
  [`http://127.0.0.1:1${PATH}`, { headers: { [CANARIES.header]: '\u2028' } }],
  [`http://127.0.0.1:1${PATH}`, { headers: { [`${CANARIES.header} `]: 'x' } }],
  [`http://127.0.0.1:1${PATH}`, { method: `${CANARIES.header}\n` }],
  [`https://${CANARIES.path}:${CANARIES.query}@127.0.0.1:1${PATH}`, {}],
  [PATH, {}],
];

type Failures = [host: string, failure: TransportError][];

/** Causes every kind of failure concurrently, for a transport that reads no more than {@link LITTLE}. */
async function allFailures(fixture: TransportFixture): Promise<Failures> {
  const tls = await serverCertificate();
  return failuresAt(fixture, [
    ...Object.values(SERVERS).map((misbehave) => originOf(fixture, misbehave)),
    originOf(fixture, hang, { tls }),
    Promise.resolve('https://frameio-auth.invalid'),
    closedOrigin(),
  ]);
}

async function originOf(...server: Parameters<typeof start>): Promise<string> {
  return (await start(...server)).origin;
}

function failuresAt(fixture: TransportFixture, origins: readonly Promise<string>[]): Promise<Failures> {
  return Promise.all(
    origins.map(async (started) => {
      const origin = await started;
      return [new URL(origin).host, await failureTo(fixture, origin + PATH)];
    }),
  );
}

const LITTLE = { maxBodySize: 1_000 } as const;

export const errorClauses: readonly Clause[] = [
  {
    id: 'error.host',
    rule: 'An error names the host and the port of the request.',
    settings: LITTLE,
    async prove(fixture) {
      for (const [host, { code, message }] of await allFailures(fixture)) {
        assert.ok(message.includes(host), `The message of the failure ${code} does not name the host.`);
      }
    },
  },
  {
    id: 'error.code',
    rule: 'The code of an error is one of this contract, or one of the platform such as `ECONNREFUSED`.',
    settings: LITTLE,
    async prove(fixture) {
      for (const [, { code }] of await allFailures(fixture))
        assert.match(code, /^(?:[A-Z][A-Z0-9_]*|[a-z]+(?:_[a-z]+)*)$/);
    },
  },
  {
    id: 'error.secret',
    rule: 'No error contains anything of a header, a body, the path, the query, or the response.',
    settings: LITTLE,
    async prove(fixture) {
      for (const [, failure] of await allFailures(fixture)) assertShowsNothing(failure);
    },
  },
  {
    id: 'error.late',
    rule: 'The error of a request that timed out names the host and the port too, and contains no secret either.',
    settings: { timeout: SHORT },
    async prove(fixture) {
      const origins = Object.values(SILENT).map((misbehave) => originOf(fixture, misbehave));
      for (const [host, failure] of await failuresAt(fixture, origins)) {
        assert.ok(failure.message.includes(host), 'The message of the failure does not name the host.');
        assertShowsNothing(failure);
      }
    },
  },
  {
    id: 'error.secret-unfit',
    rule: 'The error of a request that could not be sent does not contain what was wrong with it.',
    async prove(fixture) {
      for (const [url, flaw] of UNFIT) assertShowsNothing(await failureTo(fixture, url, { ...REQUEST, ...flaw }));
    },
  },
];

function assertShowsNothing(failure: TransportError): void {
  // By name, because an inspector skips accessors; along the causes, because one may hide them from an inspector.
  const shown = [inspect(failure, { depth: Infinity, showHidden: true, getters: true }), JSON.stringify(failure)];
  for (let error: unknown = failure, depth = 0; error instanceof Error && depth < 8; error = error.cause, depth += 1) {
    shown.push(String(error), error.message, error.stack ?? '', JSON.stringify(error));
  }
  const text = shown.join('\n').toLowerCase();
  for (const [place, canary] of Object.entries(CANARIES)) {
    const forms = [canary, Buffer.from(canary).toString('base64').slice(0, 20), encodeURIComponent(canary)];
    const found = forms.some((form) => text.includes(form.toLowerCase()));
    assert.ok(!found, `The failure ${failure.code} shows what was in the ${place}.`);
  }
}
