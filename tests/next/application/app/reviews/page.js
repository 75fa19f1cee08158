import { createElement } from 'react';
import { frameio } from '../../frameio';

export default async function Reviews() {
  await frameio.require('/reviews');
  const response = await frameio.fetch(`${process.env.API}/v4/me`);
  const { data } = await response.json();
  return createElement('h1', null, `Reviews of ${data.name}`);
}
