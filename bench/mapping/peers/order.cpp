// Maps orders as one would by hand in C++ on simdjson's DOM, or only parses them.
//   bench_mapping_peer show|time map|parse FILE.ndjson
// `show` prints the document of the first line, `time` one JSON line. Amounts are doubles, as hand-written glue has
// them: it is a peer for speed and not for exactness.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <simdjson.h>

namespace {

namespace dom = simdjson::dom;
using Found = simdjson::simdjson_result<dom::element>;

std::string out;  // NOLINT: the one buffer of a program with one thread

void text(std::string_view value)
{
    out += '"';
    std::size_t plain = 0;
    for (std::size_t i = 0; i < value.size(); ++i) {
        const auto byte = static_cast<unsigned char>(value[i]);
        if (byte >= 0x20 && byte != '"' && byte != '\\')
            continue;
        out.append(value.substr(plain, i - plain));
        plain = i + 1;
        if (byte >= 0x20) {
            out += '\\';
            out += value[i];
        } else {
            char escape[8];
            std::snprintf(escape, sizeof escape, "\\u%04x", byte);
            out += escape;
        }
    }
    out.append(value.substr(plain));
    out += '"';
}

void value(const Found& found)
{
    dom::element element;
    if (found.get(element) != simdjson::SUCCESS) {
        out += "null";
        return;
    }
    switch (element.type()) {
    case dom::element_type::STRING: text(element.get_string().value_unsafe()); break;
    case dom::element_type::INT64: out += std::to_string(element.get_int64().value_unsafe()); break;
    case dom::element_type::UINT64: out += std::to_string(element.get_uint64().value_unsafe()); break;
    case dom::element_type::BOOL: out += element.get_bool().value_unsafe() ? "true" : "false"; break;
    default: out += "null";
    }
}

void name(std::string_view name)
{
    if (out.back() != '{')
        out += ',';
    out += '"';
    out += name;
    out += "\":";
}

void field(std::string_view as, const Found& found)
{
    name(as);
    value(found);
}

void id(std::string_view as, const Found& found)
{
    name(as);
    out += '"';
    value(found);
    out += '"';
}

void number(std::string_view as, double amount)
{
    char digits[40];
    std::snprintf(digits, sizeof digits, "%.2f", amount);
    name(as);
    out += digits;
}

double amount(const Found& found)
{
    std::string_view digits;
    return found.get(digits) == simdjson::SUCCESS ? std::strtod(std::string(digits).c_str(), nullptr) : 0;
}

void address(std::string_view as, const Found& found)
{
    name(as);
    dom::object given;
    if (found.get(given) != simdjson::SUCCESS) {
        out += "null";
        return;
    }
    out += '{';
    field("name", given["name"]);
    field("company", given["company"]);
    field("street1", given["address1"]);
    field("street2", given["address2"]);
    field("city", given["city"]);
    field("region", given["province_code"]);
    field("postalCode", given["zip"]);
    field("country", given["country_code"]);
    field("phone", given["phone"]);
    out += '}';
}

void customer(const Found& found)
{
    dom::object given;
    if (found.get(given) != simdjson::SUCCESS) {
        out += R"(,"customerId":null,"customerName":null)";
        return;
    }
    id("customerId", given["id"]);
    name("customerName");
    std::string both;
    std::string_view part;
    if (given["first_name"].get(part) == simdjson::SUCCESS)
        both.append(part).append(" ");
    if (given["last_name"].get(part) == simdjson::SUCCESS)
        both.append(part);
    text(both);
}

template <class Visit>
bool each(const Found& found, Visit visit)
{
    dom::array items;
    if (found.get(items) != simdjson::SUCCESS)
        return false;
    bool first = true;
    out += '[';
    for (const dom::element item : items) {
        if (!first)
            out += ',';
        first = false;
        visit(item);
    }
    out += ']';
    return true;
}

void order(dom::element given)
{
    out = "{";
    id("externalId", given["id"]);
    out += R"(,"source":"shopify")";
    field("orderNumber", given["name"]);
    field("createdAt", given["created_at"]);
    field("updatedAt", given["updated_at"]);
    field("currency", given["currency"]);
    field("email", given["email"]);
    field("financialStatus", given["financial_status"]);
    field("fulfillmentStatus", given["fulfillment_status"]);
    customer(given["customer"]);
    field("subtotal", given["subtotal_price"]);
    field("discountTotal", given["total_discounts"]);
    field("taxTotal", given["total_tax"]);
    double shipping = 0;
    Found method = given["shipping_lines"].at(0)["title"];
    dom::array carriage;
    if (given["shipping_lines"].get(carriage) == simdjson::SUCCESS)
        for (const dom::element line : carriage)
            shipping += amount(line["price"]);
    number("shippingTotal", shipping);
    field("grandTotal", given["total_price"]);
    field("taxesIncluded", given["taxes_included"]);
    field("note", given["note"]);
    field("test", given["test"]);
    field("gateway", given["gateway"]);
    field("weightGrams", given["total_weight"]);
    field("shippingMethod", method);
    name("couponCodes");
    if (!each(given["discount_codes"], [](dom::element code) { value(code["code"]); }))
        out += "[]";
    name("attributes");
    if (!each(given["note_attributes"], [](dom::element attribute) {
            out += '{';
            field("key", attribute["name"]);
            field("value", attribute["value"]);
            out += '}';
        }))
        out += "null";
    address("billTo", given["billing_address"]);
    address("shipTo", given["shipping_address"]);
    name("lines");
    int place = 0;
    each(given["line_items"], [&](dom::element line) {
        out += "{\"lineNo\":";
        out += std::to_string(++place);
        id("externalLineId", line["id"]);
        field("sku", line["sku"]);
        field("description", line["name"]);
        field("quantity", line["quantity"]);
        field("unitPrice", line["price"]);
        std::int64_t quantity = 0;
        if (line["quantity"].get(quantity) != simdjson::SUCCESS)
            quantity = 0;
        number("lineTotal", std::round(amount(line["price"]) * static_cast<double>(quantity) * 100) / 100);
        field("grams", line["grams"]);
        field("variantId", line["variant_id"]);
        out += '}';
    });
    out += '}';
}

}  // namespace

int main(int argc, char** argv)
{
    if (argc != 4)
        return 2;
    const std::string_view what = argv[1];
    const bool maps = std::string_view(argv[2]) == "map";
    std::ifstream file(argv[3], std::ios::binary);
    std::vector<simdjson::padded_string> lines;
    for (std::string line; std::getline(file, line);)
        lines.emplace_back(line);
    dom::parser parser;
    if (what == "show") {
        order(parser.parse(lines.front()));
        std::puts(out.c_str());
        return 0;
    }
    double best = 0;
    std::size_t size = 0;
    for (int pass = 0; pass < 2; ++pass) {  // the first warms up
        const auto begin = std::chrono::steady_clock::now();
        for (const auto& line : lines) {
            const dom::element parsed = parser.parse(line);
            if (maps)
                order(parsed);
            size += maps ? out.size() : parsed["id"].get_uint64().value_unsafe() % 2;
        }
        best = static_cast<double>(lines.size()) /
               std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    }
    std::printf("{\"what\":\"%s\",\"orders\":%zu,\"orders_s\":%.0f,\"checked\":%zu}\n", argv[2], lines.size(), best,
                size);
    return 0;
}
