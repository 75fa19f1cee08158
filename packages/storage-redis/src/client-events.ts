import type { RedisClient } from './redis-client.js';

type Listener = (...args: readonly unknown[]) => void;

interface Relayed {
  readonly listeners: Set<Listener>;
  readonly relay: Listener;
}

const clients = new WeakMap<RedisClient, Map<string, Relayed>>();

/**
 * Listens to an event of the application's client, with one listener on the client itself for all storages that use it:
 * Node warns of an emitter with more than ten.
 *
 * @returns stops listening; the last one to stop leaves nothing on the client
 */
export function listenTo(client: RedisClient, event: string, listener: Listener): () => void {
  const events = clients.get(client) ?? new Map<string, Relayed>();
  clients.set(client, events);
  const relayed = events.get(event) ?? relayOf(client, event);
  events.set(event, relayed);
  const own: Listener = (...args) => listener(...args); // Its own function, so that the same listener can be added twice.
  relayed.listeners.add(own);
  return () => {
    if (!relayed.listeners.delete(own) || relayed.listeners.size > 0) return;
    client.off(event, relayed.relay);
    events.delete(event);
  };
}

function relayOf(client: RedisClient, event: string): Relayed {
  const listeners = new Set<Listener>();
  const relay: Listener = (...args) => {
    for (const listener of [...listeners]) listener(...args);
  };
  client.on(event, relay);
  return { listeners, relay };
}
