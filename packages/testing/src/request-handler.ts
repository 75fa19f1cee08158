import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Clock } from '@frameio-auth/core/adapter';
import type { FaultQueue, ProcessOptions } from './fault-queue.js';
import { type Answer, basicCredentials, type Decision, type ReceivedRequest, readForm } from './http-message.js';
import type { RequestRecord } from './request-record.js';
import type { Router } from './router.js';
import { type SecretLedger, secretsIn } from './secret-ledger.js';

export interface RequestHandlerParts {
  readonly router: Router;
  readonly faults: FaultQueue;
  readonly record: RequestRecord;
  readonly ledger: SecretLedger;
  readonly clock: Clock;
}

/** Handles each request: reading, recording, a fault if there is one, the decision, and the response. */
export class RequestHandler {
  readonly #parts: RequestHandlerParts;
  /** A fault that throws becomes an unhandled rejection, so that a broken test is noticed. */
  readonly listener: RequestListener = (incoming, outgoing) => void this.#handle(incoming, outgoing);

  constructor(parts: RequestHandlerParts) {
    this.#parts = parts;
  }

  async #handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { router, ledger } = this.#parts;
    const request = await this.#receive(incoming);
    if (request === undefined) {
      incoming.destroy();
      return;
    }
    ledger.add(...secretsIn(request));
    this.#send(outgoing, request, router.preflight(request) ?? (await this.#answer(request)));
  }

  async #answer(request: ReceivedRequest): Promise<Answer> {
    const { router, faults, record, clock } = this.#parts;
    const fault = faults.take(request);
    const entry = record.begin(request, {
      at: clock.now(),
      clientId: claimedClientId(request),
      faulted: fault !== undefined,
    });
    let decision: Decision | undefined;
    const process = async ({ keepRefreshToken = false }: ProcessOptions = {}): Promise<Answer> => {
      if (decision === undefined) {
        decision = router.decide(request, { keepRefreshToken });
        record.decide(entry, decision.outcome);
      }
      return decision.answer;
    };
    const wait = (ms: number): Promise<void> => new Promise((resolve) => void clock.setTimeout(resolve, ms));
    const answer = await (fault === undefined ? process() : fault({ request, process, wait, now: () => clock.now() }));
    record.finish(entry, answer.delivery === 'none' ? undefined : answer.status);
    return answer;
  }

  /** Resolves to `undefined` if the body is too large or incomplete, or the target is not a path. */
  async #receive(incoming: IncomingMessage): Promise<ReceivedRequest | undefined> {
    const form = await readForm(incoming).catch(() => undefined);
    const target = `http://localhost${incoming.url}`;
    if (form === undefined || !URL.canParse(target)) return undefined;
    const { pathname: path, searchParams: query } = new URL(target);
    const headers: Record<string, string> = {};
    for (const [name, values = []] of Object.entries(incoming.headersDistinct)) headers[name] = values.join(', ');
    const endpoint = this.#parts.router.endpointAt(path);
    return { endpoint, method: incoming.method ?? '', path, query, headers, form };
  }

  #send(outgoing: ServerResponse, request: ReceivedRequest, answer: Answer): void {
    // The client may have disconnected while the response was held.
    if (outgoing.destroyed) return;
    if (answer.delivery === 'none') {
      outgoing.destroy();
      return;
    }
    const body = Buffer.from(answer.body);
    outgoing.writeHead(answer.status, {
      date: new Date(this.#parts.clock.now()).toUTCString(),
      'content-length': body.length,
      ...this.#parts.router.everyAnswer(request),
      ...answer.headers,
    });
    if (answer.delivery === 'half') {
      outgoing.write(body.subarray(0, Math.floor(body.length / 2)), () => outgoing.destroy());
    } else {
      outgoing.end(body);
    }
  }
}

function claimedClientId({ headers, form, query }: ReceivedRequest): string | undefined {
  return basicCredentials(headers)?.clientId ?? form.get('client_id') ?? query.get('client_id') ?? undefined;
}
