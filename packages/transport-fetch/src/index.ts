export { type AuthenticatedFetchOptions, authenticatedFetch } from './authenticated-fetch.js';
export { type FetchTransportOptions, fetchTransport } from './fetch-transport.js';
