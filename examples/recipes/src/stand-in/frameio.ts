/**
 * The part of the official SDK (`frameio`) that matters here: where it gets the token, and how its calls are named. By
 * default it retries any call, even a POST, twice after 408, 429 and 5xx.
 */
export class FrameioClient {
  readonly #options: ClientOptions;
  readonly users = { show: (options?: RequestOptions) => this.#send('GET', '/v4/me', undefined, options) };
  readonly workspaces = {
    create: (account: string, body: { readonly data: { readonly name: string } }, options?: RequestOptions) =>
      this.#send('POST', `/v4/accounts/${account}/workspaces`, body, options),
  };

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  async #send(method: string, path: string, body: object | undefined, { maxRetries = 2 }: RequestOptions = {}) {
    const { environment, token } = this.#options;
    const authorization = `Bearer ${typeof token === 'function' ? await token() : token}`;
    for (let attempt = 0; ; attempt += 1) {
      const answer = await fetch(`${environment}${path}`, {
        method,
        headers: { authorization, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      });
      if (answer.ok) return (await answer.json()) as unknown;
      await answer.body?.cancel();
      const isRepeated = [408, 429].includes(answer.status) || answer.status >= 500;
      if (!isRepeated || attempt >= maxRetries) throw new FrameioError(answer);
    }
  }
}

export class FrameioError extends Error {
  readonly statusCode: number | undefined;
  readonly rawResponse: Pick<Response, 'redirected'> | undefined;

  constructor(answer: Response) {
    super(`Status code: ${answer.status}`);
    this.statusCode = answer.status;
    this.rawResponse = answer;
  }
}

interface ClientOptions {
  readonly environment: string;
  readonly token: string | (() => string | Promise<string>);
}

interface RequestOptions {
  readonly maxRetries?: number;
}
