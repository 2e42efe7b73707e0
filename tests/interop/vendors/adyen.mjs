// Adyen signs payment notifications item by item, and those of its platforms as a whole.

import adyen from '@adyen/api-library';

import { client, documents, seeded, text, withHeaders } from './common.mjs';

const hmac = new adyen.hmacValidator();
const secret = seeded('adyen').toString('hex').toUpperCase();

/// Whoever signs it fills in `{signature}`.
const item = (members = {}) => ({
  additionalData: { hmacSignature: '{signature}', shopperReference: 'not signed' },
  amount: { currency: 'EUR', value: 6916 },
  eventCode: 'AUTHORISATION',
  merchantAccountCode: 'HeadgateDemoEU',
  merchantReference: '5127',
  originalReference: 'ORIGINAL01',
  pspReference: 'SAMPLEPSP0000001',
  success: 'true',
  ...members,
});

function batch(items, indent) {
  const notificationItems = items.map((each) => ({ NotificationRequestItem: each }));
  return JSON.stringify({ live: 'false', notificationItems }, null, indent);
}

const itemsOf = (body) => JSON.parse(body).notificationItems.map((each) => each.NotificationRequestItem);

function sign(body) {
  let signed = body;
  for (const each of itemsOf(body)) signed = signed.replace('{signature}', () => hmac.calculateHmac(each, secret));
  return { headers: { 'content-type': 'application/json' }, body: Buffer.from(signed) };
}

const edited = (request, from, to) => ({ ...request, body: Buffer.from(text(request).replace(from, to)) });

export const payments = {
  client: client('@adyen/api-library'),
  channel: 'adyen',
  secrets: { ADYEN: secret },
  documents: [
    batch([item()]),
    batch([item({ merchantReference: 'Ærø/東京:🎈\\ "q" \u0007' })], 2),
    batch([item({ merchantReference: 'M?' })]).replace('M?', 'M\\u0026\\u00E9\\/'),
    batch([item({ originalReference: undefined, merchantReference: undefined })]),
    batch([item({ originalReference: '', merchantReference: null, success: 'false' })]),
    batch([item({ amount: { currency: 'JPY', value: 0 } })]),
    batch([item({ amount: { currency: 'IDR', value: -9007199254740991 } })]),
    batch([item({ success: false })]),
    batch([1, 2, 3].map((n) => item({ pspReference: `SAMPLEPSP100000${n}` })), '\t'),
  ],
  sample: true,
  covered: {
    padding: false,
    headers: [],
    body: (body) => {
      const [{ amount, additionalData, ...texts }] = itemsOf(body);
      return [...Object.values(texts), String(amount.value), amount.currency, additionalData.hmacSignature];
    },
  },
  sign,
  verify: (request) => itemsOf(text(request)).every((each) => hmac.validateHMAC(each, secret)),
  cases: () => [
    ['a change of what is not signed', edited(sign(batch([item()])), 'not signed', 'changed'), true],
    ['a reference that moves into the next', edited(sign(batch([item()])), '"5127"', '"5127:x"'), false],
    ['no signature', edited(sign(batch([item()])), '"hmacSignature":', '"other":'), false],
    ['an empty signature', edited(sign(batch([item()])), /"hmacSignature":"[^"]*"/, '"hmacSignature":""'), false],
  ],
};

const all = documents('"type":"balancePlatform.accountHolder.created","data":{"id":"AH1"}');

function signPlatform(body) {
  const headers = { hmacsignature: hmac.calculateHmac(body, secret), protocol: 'HmacSHA256' };
  return { headers, body: Buffer.from(body) };
}

export const platform = {
  client: `${client('@adyen/api-library')} (platforms)`,
  channel: 'adyen-platform',
  secrets: { ADYEN: secret },
  documents: all,
  covered: { padding: false, headers: ['hmacsignature'], body: true },
  sign: signPlatform,
  verify: (request) => hmac.validateHMACSignature(secret, request.headers.hmacsignature, text(request)),
  cases: () => [
    ['no header', withHeaders(signPlatform(all[0]), { hmacsignature: null }), false],
    // 44 letters of base64 that are 33 bytes: the length of the text alone says nothing.
    ['a signature of 33 bytes', withHeaders(signPlatform(all[0]), { hmacsignature: 'A'.repeat(44) }), false],
  ],
};
