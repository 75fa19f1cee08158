import { ConfigurationError } from '@frameio-auth/core';
import { Injectable } from '@nestjs/common';
import type { Connection } from './connection.js';
import { complaint } from './connection-options.js';
import { DEFAULT_CONNECTION } from './injection-tokens.js';

/** Holds the connections of an application by name. */
@Injectable()
export class FrameioConnections {
  readonly #connections = new Map<string, Connection>();

  /**
   * Adds a connection.
   *
   * @throws ConfigurationError if the name or the sign-in path is already taken
   */
  add(connection: Connection): void {
    const { name, routes } = connection;
    if (this.#connections.has(name)) {
      throw complaint(
        name,
        'forRoot() was called twice for this connection. Give each connection its own name: { name: … }.',
      );
    }
    for (const other of this.#connections.values()) {
      if (routes !== undefined && other.routes?.path === routes.path) {
        throw complaint(
          name,
          `signIn.path is also that of connection "${other.name}". Give each sign-in its own path.`,
        );
      }
    }
    this.#connections.set(name, connection);
  }

  /**
   * Returns the connection with a name.
   *
   * @throws ConfigurationError if there is none
   */
  get(name: string = DEFAULT_CONNECTION): Connection {
    const connection = this.#connections.get(name);
    if (connection === undefined) {
      throw new ConfigurationError('invalid_option', `${unknownConnection(name)} ${this.#known()}`);
    }
    return connection;
  }

  #known(): string {
    const names = [...this.#connections.keys()].map((name) => `"${name}"`);
    return names.length === 0 ? 'No connection is registered.' : `Registered connections: ${names.join(', ')}.`;
  }
}

export function unknownConnection(name: string): string {
  const options = name === DEFAULT_CONNECTION ? '{ … }' : `{ name: '${name}', … }`;
  return `There is no connection "${name}". Import FrameioAuthModule.forRoot(${options}) in the application's root module.`;
}
