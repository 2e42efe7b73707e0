# The document of bench/mapping/order.yaml, by jq.
def address: if . == null then null else
  {name, company, street1: .address1, street2: .address2, city, region: .province_code, postalCode: .zip,
   country: .country_code, phone} end;
def cents: . * 100 | round / 100;
{ externalId: (.id | tostring), source: "shopify", orderNumber: .name, createdAt: .created_at, updatedAt: .updated_at,
  currency, email, financialStatus: .financial_status, fulfillmentStatus: .fulfillment_status,
  customerId: (if .customer then .customer.id | tostring else null end),
  customerName: (if .customer then "\(.customer.first_name) \(.customer.last_name)" else null end),
  subtotal: .subtotal_price, discountTotal: .total_discounts, taxTotal: .total_tax,
  shippingTotal: ([.shipping_lines[]?.price | tonumber] | add // 0 | cents),
  grandTotal: .total_price, taxesIncluded: .taxes_included, note, test, gateway, weightGrams: .total_weight,
  shippingMethod: .shipping_lines[0].title,
  couponCodes: [.discount_codes[]?.code],
  attributes: (if .note_attributes then [.note_attributes[] | {key: .name, value}] else null end),
  billTo: (.billing_address | address), shipTo: (.shipping_address | address),
  lines: [.line_items | to_entries[] | .key as $i | .value |
    {lineNo: ($i + 1), externalLineId: (.id | tostring), sku, description: .name, quantity, unitPrice: .price,
     lineTotal: ((.price | tonumber) * .quantity | cents), grams, variantId: .variant_id}] }
