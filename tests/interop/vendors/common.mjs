// What the files beside this one share. Each tells of one vendor's client:
//
//   client     its name and version
//   channel    the channel of config/headgate.yaml with the recipe
//   secrets    what the channel's `env:` names
//   documents  what is signed; `sample`: also the sample of the connector
//   covered    headers no byte of which may change; `body`: true for all of it, or a function that finds the texts in it;
//              `padding`: false, the client does not look at what base64 ends in
//   sign       the request as the client signs a document; without it the client only verifies
//   verify     what the client says of a request: true, or false or an exception
//   cases      requests of which the client and Headgate think alike: [sentence, request, whether it is good]
//   also       further tests, by their sentence

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

export const seeded = (name) => createHash('sha256').update(`interop ${name}`).digest();

export function client(name) {
  const file = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  return `${name} ${JSON.parse(readFileSync(file)).version}`;
}

export const seconds = () => Math.floor(Date.now() / 1000);
export const text = (request) => request.body.toString();
export const hookUrl = (channel) => `https://hooks.example/hooks/${channel}`; // `public_url` of config/headgate.yaml

/// One document as programs write it: tight, in other alphabets, over several lines, escaped, and long.
export const documents = (members) => [
  `{${members},"note":"plain"}`,
  `{${members},"note":"Ærøskøbing, 東京, 🎈"}`,
  `{\r\n  ${members},\r\n\t"note" : "spaced"\r\n}\r\n`,
  `{${members},"note":"\\/ \\u00e9 \\n <&> % +","amount":10.00,"large":12345678901234567890,"small":1e-7}`,
  `{${members},"note":"${'long '.repeat(20_000)}"}`,
];

/// The request with some headers changed; those that are null are taken away.
export function withHeaders(request, headers) {
  const all = { ...request.headers, ...headers };
  return { ...request, headers: Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null)) };
}
