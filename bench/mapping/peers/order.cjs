// Maps orders as one would by hand in JavaScript, or by JSONata, or only parses them.
//   node order.cjs show|time js|jsonata|parse FILE.ndjson [ORDERS]
// `show` prints the document of the first line, `time` one JSON line. JSONata is found in NODE_FOLDER.
const fs = require('node:fs');
const path = require('node:path');

const address = (a) => a == null ? null : {
  name: a.name ?? null, company: a.company ?? null, street1: a.address1 ?? null, street2: a.address2 ?? null,
  city: a.city ?? null, region: a.province_code ?? null, postalCode: a.zip ?? null, country: a.country_code ?? null,
  phone: a.phone ?? null,
};
const cents = (number) => Math.round(number * 100) / 100;
const document = (o) => ({
  externalId: String(o.id), source: 'shopify', orderNumber: o.name, createdAt: o.created_at, updatedAt: o.updated_at,
  currency: o.currency, email: o.email, financialStatus: o.financial_status, fulfillmentStatus: o.fulfillment_status,
  customerId: o.customer ? String(o.customer.id) : null,
  customerName: o.customer ? `${o.customer.first_name} ${o.customer.last_name}` : null,
  subtotal: o.subtotal_price, discountTotal: o.total_discounts, taxTotal: o.total_tax,
  shippingTotal: cents((o.shipping_lines ?? []).reduce((sum, line) => sum + Number(line.price), 0)),
  grandTotal: o.total_price, taxesIncluded: o.taxes_included, note: o.note ?? null, test: o.test,
  gateway: o.gateway ?? null, weightGrams: o.total_weight ?? null, shippingMethod: o.shipping_lines?.[0]?.title ?? null,
  couponCodes: (o.discount_codes ?? []).map((code) => code.code),
  attributes: o.note_attributes?.map((attribute) => ({ key: attribute.name, value: attribute.value })) ?? null,
  billTo: address(o.billing_address), shipTo: address(o.shipping_address),
  lines: o.line_items.map((line, i) => ({
    lineNo: i + 1, externalLineId: String(line.id), sku: line.sku, description: line.name, quantity: line.quantity,
    unitPrice: line.price, lineTotal: cents(Number(line.price) * line.quantity), grams: line.grams ?? null,
    variantId: line.variant_id,
  })),
});

const [, , what, kind, file, most] = process.argv;
const mapper = () => {
  if (kind === 'js') return (line) => JSON.stringify(document(JSON.parse(line)));
  if (kind === 'parse') return (line) => (JSON.parse(line).id ? ' ' : '');
  const jsonata = require(path.join(process.env.NODE_FOLDER, 'node_modules', 'jsonata'));
  const expression = jsonata(fs.readFileSync(path.join(__dirname, 'order.jsonata'), 'utf8'));
  return async (line) => JSON.stringify(await expression.evaluate(JSON.parse(line)));
};

(async () => {
  const map = mapper();
  const lines = fs.readFileSync(file, 'utf8').split('\n').filter(Boolean).slice(0, Number(most ?? Infinity));
  if (what === 'show') return console.log(await map(lines[0]));
  let size = 0;
  const pass = async () => {
    const begin = process.hrtime.bigint();
    // Awaiting what is no promise would cost plain JavaScript a turn of the loop for each order.
    for (const line of lines) size += (kind === 'jsonata' ? await map(line) : map(line)).length;
    return lines.length / (Number(process.hrtime.bigint() - begin) / 1e9);
  };
  await pass(); // warms up
  console.log(JSON.stringify({ what: kind, orders: lines.length, orders_s: Math.round(await pass()), checked: size > 0 }));
})();
