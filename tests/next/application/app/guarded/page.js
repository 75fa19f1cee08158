import { createElement } from 'react';

export default async function Guarded() {
  return createElement('h1', null, 'Behind the proxy');
}
