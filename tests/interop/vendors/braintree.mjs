import braintree from 'braintree';

import { client, seeded, text } from './common.mjs';

const publicKey = 'interop_public_key';
const privateKey = seeded('braintree').toString('hex').slice(0, 32);
const account = { environment: braintree.Environment.Sandbox, merchantId: 'interop', publicKey, privateKey };
const gateway = new braintree.BraintreeGateway(account);
const other = (keys) => new braintree.BraintreeGateway({ ...account, ...keys });
const { Kind } = braintree.WebhookNotification;

const form = (fields) => ({
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: Buffer.from(String(new URLSearchParams(fields))),
});

const sample = (of = gateway) => of.webhookTesting.sampleNotification(Kind.SubscriptionCanceled, 'sub_1');
const changed = (change) => form(change(sample()));

export default {
  client: client('braintree'),
  channel: 'braintree',
  secrets: { BRAINTREE: privateKey },
  // What `headgate send` is given; the client makes a document of its own of each kind.
  documents: [
    [Kind.SubscriptionCanceled, 'sub_1'],
    [Kind.SubscriptionChargedSuccessfully, 'Ærø, 東京'],
    [Kind.DisputeOpened, 'dispute_1'],
    [Kind.Disbursement, 'disbursement_1'],
  ],
  unsigned: ([kind, id]) => form({ bt_payload: gateway.webhookTesting.sampleNotification(kind, id).bt_payload }).body,
  covered: { headers: [], body: true },
  sign: ([kind, id]) => form(gateway.webhookTesting.sampleNotification(kind, id)),
  verify: async (request) => {
    const fields = new URLSearchParams(text(request));
    const signed = [fields.get('bt_signature'), fields.get('bt_payload')];
    return Boolean((await gateway.webhookNotification.parse(...signed)).kind);
  },
  cases: () => [
    ['a payload that lost its last line break', changed((of) => ({ ...of, bt_payload: of.bt_payload.trimEnd() })), true],
    [
      'the pair of another key first',
      changed((of) => ({ ...of, bt_signature: `somebody|${'ab'.repeat(20)}&${of.bt_signature}` })),
      true,
    ],
    ['the pair of another key alone', form(sample(other({ publicKey: 'somebody' }))), false],
    ['signed by another private key', form(sample(other({ privateKey: `${privateKey}0` }))), false],
    ['no public key', changed((of) => ({ ...of, bt_signature: of.bt_signature.split('|')[1] })), false],
    ['no signature', changed(({ bt_payload }) => ({ bt_payload })), false],
    ['no payload', changed(({ bt_signature }) => ({ bt_signature })), false],
  ],
  also: {
    'a challenge is answered as it answers it': async (headgate, assert) => {
      for (const challenge of ['20f9f8ed05f77439fe955c977e4c8a53', seeded('challenge').toString('hex').slice(0, 20)]) {
        const answer = await headgate.ask('braintree', { method: 'GET', query: `?bt_challenge=${challenge}` });
        assert.deepEqual([answer.status, answer.body], [200, gateway.webhookNotification.verify(challenge)]);
      }
    },
  },
};
