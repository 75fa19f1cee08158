import type { RedisClient } from './redis-client.js';

type Listener = (...args: readonly unknown[]) => void;

interface Relayed {
  readonly listeners: Set<Listener>;
  readonly relay: Listener;
}

const clients = new WeakMap<RedisClient, Map<string, Relayed>>();

/**
 * Adds a listener to the application's client. All storages that use the client share one listener per event, because
 * Node warns about emitters with more than ten.
 *
 * @returns a function that removes the listener; the last removal leaves nothing on the client
 */
export function listenTo(client: RedisClient, event: string, listener: Listener): () => void {
  const events = clients.get(client) ?? new Map<string, Relayed>();
  clients.set(client, events);
  const relayed = events.get(event) ?? relayOf(client, event);
  events.set(event, relayed);
  const own: Listener = (...args) => listener(...args); // A new function, so that the same listener can be added twice.
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
