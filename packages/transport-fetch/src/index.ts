export { type AuthenticatedFetchOptions, authenticatedFetch, type TokenSource } from './authenticated-fetch.js';
export { type FetchTransportOptions, fetchTransport } from './fetch-transport.js';
