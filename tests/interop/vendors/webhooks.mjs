// Standard Webhooks and Svix: one scheme under two sets of names, by libraries of the same interface.

import * as standard from 'standardwebhooks';
import * as svixLibrary from 'svix';

import { client, documents, seconds, seeded, text, withHeaders } from './common.mjs';

function vendor(library, channel, variable, prefix, type) {
  const secret = `whsec_${seeded(channel).toString('base64')}`;
  const [id, timestamp, signature] = ['id', 'timestamp', 'signature'].map((name) => `${prefix}-${name}`);
  const all = documents(`"type":"${type}"`);

  function sign(body, { at = seconds(), by = secret, message = 'msg_p5jXN8AQM9LWM0D4loKWxJek' } = {}) {
    const signed = new library.Webhook(by).sign(message, new Date(at * 1000), body);
    return { headers: { [id]: message, [timestamp]: String(at), [signature]: signed }, body: Buffer.from(body) };
  }

  const list = (write) => {
    const request = sign(all[0]);
    return withHeaders(request, { [signature]: write(request.headers[signature]) });
  };

  return {
    client: client(library === standard ? 'standardwebhooks' : 'svix'),
    channel,
    secrets: { [variable]: secret },
    documents: all,
    sample: library === standard,
    covered: { headers: [id, timestamp, signature], body: true },
    sign,
    verify: (request) => {
      new library.Webhook(secret).verify(text(request), request.headers);
      return true; // it throws, and what it returns differs between versions
    },
    cases: () => [
      ['signed six minutes ago', sign(all[0], { at: seconds() - 360 }), false],
      ['signed in six minutes', sign(all[0], { at: seconds() + 360 }), false],
      ['signed four minutes ago', sign(all[0], { at: seconds() - 240 }), true],
      ['signed in four minutes', sign(all[0], { at: seconds() + 240 }), true],
      ['signed by another secret', sign(all[0], { by: `whsec_${seeded('another').toString('base64')}` }), false],
      ['v1a and v2 beside v1', list((right) => `v1a,${'A'.repeat(86)}== v2,AAAA ${right}`), true],
      ['v1 of another secret first', list((right) => `v1,${'A'.repeat(43)}= ${right}`), true],
      ['as v2', list((right) => right.replace('v1,', 'v2,')), false],
      ['as v1a', list((right) => right.replace('v1,', 'v1a,')), false],
      ['without its v1', list((right) => right.slice(3)), false],
      ['without an id', withHeaders(sign(all[0]), { [id]: null }), false],
      ['without a time', withHeaders(sign(all[0]), { [timestamp]: null }), false],
      ['without a signature', list(() => null), false],
    ],
  };
}

export const standardWebhooks = vendor(standard, 'standard-webhooks', 'STANDARD_WEBHOOKS', 'webhook', 'nothing.known');
export const svix = vendor(svixLibrary, 'svix', 'SVIX', 'svix', 'invoice.paid');
