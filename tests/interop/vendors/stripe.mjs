import Stripe from 'stripe';

import { client, documents, seconds, seeded, withHeaders } from './common.mjs';

const secret = `whsec_${seeded('stripe').toString('hex')}`;
const old = `whsec_${seeded('stripe, before it was rolled').toString('hex')}`;
const all = documents('"id":"evt_1","object":"event","type":"customer.created"');

function sign(payload, options = {}) {
  const header = Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp: seconds(), ...options });
  return { headers: { 'stripe-signature': header }, body: Buffer.from(payload) };
}

const signature = (options) => sign(all[0], options).headers['stripe-signature'];
const header = (value) => withHeaders(sign(all[0]), { 'stripe-signature': value });

export default {
  client: client('stripe'),
  channel: 'stripe',
  secrets: { STRIPE: secret, STRIPE_OLD: old },
  documents: all,
  sample: true,
  covered: { headers: ['stripe-signature'], body: true },
  sign,
  verify: ({ headers, body }) =>
    Stripe.webhooks.constructEvent(body, headers['stripe-signature'], secret).object === 'event',
  cases: () => [
    ['signed six minutes ago', sign(all[0], { timestamp: seconds() - 360 }), false],
    ['signed in an hour', sign(all[0], { timestamp: seconds() + 3600 }), true],
    ['signed by another secret', sign(all[0], { secret: `${secret}0` }), false],
    ['signed by the secret without its whsec_', sign(all[0], { secret: secret.slice(6) }), false],
    ['signed as v0', sign(all[0], { scheme: 'v0' }), false],
    ['v0 beside v1', header(`${signature()},v0=${'6f'.repeat(32)}`), true],
    ['v1 of another secret first', header(signature().replace(',v1=', `,v1=${'ab'.repeat(32)},v1=`)), true],
    ['v1 without a time', header(signature().replace(/^t=\d+,/, '')), false],
    ['no header', header(null), false],
    ['an empty header', header(''), false],
  ],
  also: {
    'the secret of before it was rolled still counts': async (headgate, assert) =>
      assert.equal((await headgate.ask('stripe', sign(all[0], { secret: old }))).status, 200),
  },
};
