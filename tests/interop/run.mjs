// The vendors' own clients against a Headgate: what they sign it accepts, what it signs they accept, and what the one
// refuses the other does.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Headgate } from './headgate.mjs';
import { payments, platform } from './vendors/adyen.mjs';
import braintree from './vendors/braintree.mjs';
import easypost from './vendors/easypost.mjs';
import shopify from './vendors/shopify.mjs';
import square from './vendors/square.mjs';
import stripe from './vendors/stripe.mjs';
import { standardWebhooks, svix } from './vendors/webhooks.mjs';

const vendors = [stripe, standardWebhooks, svix, payments, platform, square, easypost, braintree, shopify];

let headgate;
before(async () => {
  headgate = await Headgate.start(Object.assign({}, ...vendors.map((vendor) => vendor.secrets)));
});
after(() => headgate?.stop());

/// The bytes, to compute it again by hand.
function shown({ headers, body }) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return `\n${lines.join('\n')}\n\n${JSON.stringify(body.toString().slice(0, 2000))}`;
}

async function clientAccepts(vendor, request) {
  try {
    return await vendor.verify(request);
  } catch {
    return false;
  }
}

/// 200 or 401, and nothing else.
async function headgateAccepts(vendor, request, what = '') {
  const { status, body } = await headgate.ask(vendor.channel, request);
  assert.ok(status === 200 || status === 401, `${what}: ${status} ${body}${shown(request)}`);
  return status === 200;
}

async function bothSay(vendor, good, request, what) {
  assert.equal(await clientAccepts(vendor, request), good, `the client: ${what}${shown(request)}`);
  assert.equal(await headgateAccepts(vendor, request, what), good, `Headgate: ${what}${shown(request)}`);
}

/// How much of a text counts.
const length = (vendor, text) => Buffer.byteLength(vendor.covered.padding === false ? text.replace(/=+$/, '') : text);

/// Where in the body no byte may change.
function places(vendor, { body }) {
  if (vendor.covered.body === true) return Array.from(body.keys());
  return vendor.covered.body(body.toString()).flatMap((part) => {
    const at = body.indexOf(part);
    assert.ok(at >= 0, part);
    return Array.from({ length: length(vendor, part) }, (_, i) => at + i);
  });
}

/// The request once for each byte that counts, with its last bit turned.
function* changed(vendor, request) {
  for (const at of places(vendor, request)) {
    const body = Buffer.from(request.body);
    body[at] ^= 1;
    yield [`byte ${at} of the body`, { ...request, body }];
  }
  for (const name of vendor.covered.headers) {
    for (let at = 0; at < length(vendor, request.headers[name]); ++at) {
      const value = Buffer.from(request.headers[name]);
      value[at] ^= 1;
      yield [`byte ${at} of ${name}`, { ...request, headers: { ...request.headers, [name]: value.toString() } }];
    }
  }
}

async function refusesEveryChange(vendor, request) {
  await bothSay(vendor, true, request, 'unchanged');
  for (const [what, other] of changed(vendor, request)) await bothSay(vendor, false, other, what);
}

const unsigned = (vendor, document) => (vendor.unsigned ? vendor.unsigned(document) : document);

for (const vendor of vendors) {
  test(vendor.client, async (t) => {
    if (vendor.sign) {
      await t.test('what it signs, Headgate accepts', async () => {
        for (const document of vendor.documents)
          await bothSay(vendor, true, vendor.sign(document), 'signed by the client');
      });
      await t.test('one changed byte of what it signs, both refuse', () =>
        refusesEveryChange(vendor, vendor.sign(vendor.documents[0])),
      );
    }
    await t.test('what `headgate send` signs, it accepts', async () => {
      const bodies = vendor.documents.map((document) => unsigned(vendor, document));
      for (const body of vendor.sample ? [...bodies, undefined] : bodies)
        await bothSay(vendor, true, await headgate.signed(vendor.channel, body), 'signed by Headgate');
    });
    await t.test('one changed byte of what `headgate send` signs, both refuse', async () =>
      refusesEveryChange(vendor, await headgate.signed(vendor.channel, unsigned(vendor, vendor.documents[0]))),
    );
    for (const [sentence, request, good] of vendor.cases?.() ?? []) {
      const expected = good ? 'both accept' : 'both refuse';
      await t.test(`${sentence}: ${expected}`, () => bothSay(vendor, good, request, sentence));
    }
    for (const [sentence, check] of Object.entries(vendor.also ?? {}))
      await t.test(sentence, () => check(headgate, assert));
  });
}
