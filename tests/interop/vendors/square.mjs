import { WebhooksHelper } from 'square';

import { client, documents, hookUrl, seeded, text } from './common.mjs';

const secret = seeded('square').toString('base64url');

export default {
  client: client('square'),
  channel: 'square',
  secrets: { SQUARE: secret },
  documents: documents('"merchant_id":"M1","type":"payment.updated","event_id":"e1","data":{"id":"P1"}'),
  covered: { headers: ['x-square-hmacsha256-signature'], body: true },
  verify: (request) =>
    WebhooksHelper.verifySignature({
      requestBody: text(request),
      signatureHeader: request.headers['x-square-hmacsha256-signature'],
      signatureKey: secret,
      notificationUrl: hookUrl('square'),
    }),
};
