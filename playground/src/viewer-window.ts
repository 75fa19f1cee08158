import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { LocalInspector } from '@frameio-auth/inspector';

/** The paths of the viewer that this window serves; its page has a different name here. */
const PAGE = '/sessions';
const PATHS = /^\/(?:events|machine\.json|viewer\/.*)$/;

/**
 * Embeds the viewer in the playground's page. The viewer does not allow framing, and its cookie is for its own address.
 * So its responses are fetched here, with one of its links, and served with the playground's headers.
 */
export class ViewerWindow {
  readonly #origin: string;
  readonly #cookie: string;

  private constructor(origin: string, cookie: string) {
    this.#origin = origin;
    this.#cookie = cookie;
  }

  static async open(viewer: LocalInspector): Promise<ViewerWindow> {
    const link = await viewer.url();
    const answer = await fetch(link);
    await answer.body?.cancel();
    const [cookie = ''] = (answer.headers.get('set-cookie') ?? '').split(';');
    return new ViewerWindow(new URL(link).origin, cookie);
  }

  /** Whether a path belongs to the viewer. */
  shows(path: string): boolean {
    return path === PAGE || PATHS.test(path);
  }

  /** Serves the viewer's response; an event stream for as long as the client reads it. */
  show(path: string, response: ServerResponse): void {
    const headers = { cookie: this.#cookie };
    const asked = request(this.#origin + (path === PAGE ? '/' : path), { headers }, (answer: IncomingMessage) => {
      const type = answer.headers['content-type'];
      response.writeHead(answer.statusCode ?? 502, type === undefined ? {} : { 'content-type': type });
      answer.pipe(response);
      answer.once('error', () => response.destroy());
    });
    asked.once('error', () => response.destroy());
    response.once('close', () => asked.destroy());
    asked.end();
  }
}
