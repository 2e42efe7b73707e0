import '@shopify/shopify-api/adapters/node';

import { ApiVersion, LogSeverity, shopifyApi } from '@shopify/shopify-api';
import { getHmac } from '@shopify/shopify-api/test-helpers';

import { client, documents, seeded, text, withHeaders } from './common.mjs';

const secret = `shpss_${seeded('shopify').toString('hex')}`;
const shopify = shopifyApi({
  apiKey: 'interop',
  apiSecretKey: secret,
  apiVersion: ApiVersion.July26,
  hostName: 'hooks.example',
  isEmbeddedApp: false,
  logger: { level: LogSeverity.Error },
});
const all = documents('"id":7001,"admin_graphql_api_id":"gid://shopify/Customer/7001"');

function sign(body, prefix = 'x-') {
  const headers = {
    topic: 'customers/update',
    'hmac-sha256': getHmac(body, secret), // of the client's test helpers
    'shop-domain': 'headgate-demo.myshopify.com',
    'api-version': '2026-07',
    'webhook-id': 'b54557e4-bdd9-4b37-8a5f-bf7d70bcd043',
    'event-id': '98880550-7158-44d4-b7cd-2c97c8a091b5',
  };
  const named = Object.entries(headers).map(([name, value]) => [`${prefix}shopify-${name}`, value]);
  return { headers: Object.fromEntries(named), body: Buffer.from(body) };
}

export default {
  client: client('@shopify/shopify-api'),
  channel: 'shopify',
  secrets: { SHOPIFY: secret },
  documents: all,
  sample: true,
  covered: { headers: ['x-shopify-hmac-sha256'], body: true },
  sign,
  verify: async (request) => {
    const rawRequest = { method: 'POST', url: '/hooks/shopify', headers: request.headers };
    return (await shopify.webhooks.validate({ rawBody: text(request), rawRequest, rawResponse: {} })).valid;
  },
  cases: () => [
    ['the headers of Events, without X-', sign(all[1], ''), true],
    ['no signature', withHeaders(sign(all[0]), { 'x-shopify-hmac-sha256': null }), false],
    ['an empty signature', withHeaders(sign(all[0]), { 'x-shopify-hmac-sha256': '' }), false],
    ['the signature of another body', { ...sign(all[0]), body: Buffer.from(all[1]) }, false],
  ],
};
