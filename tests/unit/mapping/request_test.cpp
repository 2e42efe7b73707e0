#include "mapping/request.hpp"

#include <gtest/gtest.h>

#include <map>

#include "mapping/context.hpp"
#include "tests/unit/mapping/samples.hpp"

namespace headgate::mapping::test {
namespace {

using namespace std::chrono_literals;

std::expected<Request, Problems> request_of(const std::string& yaml)
{
    return Request::load({"request.yaml", yaml}, shipped_canonical(), shipped_vocabularies());
}

/// A request of one step whose message is `message`, indented below `send:`.
Request sending(const std::string& message, const std::string& top = "")
{
    auto request =
        request_of("applies: sales_order\n" + top + "steps:\n  - id: order\n    repeat: safe\n    send:\n" + message);
    if (!request)
        throw std::runtime_error(text_of(request.error().front()));
    return std::move(*request);
}

std::string failure_of(const Request& request, std::string_view transaction)
{
    const Document document = read_document(transaction);
    const auto made = request.send(0, {.transaction = document});
    return made ? "made " + made->path + " " + made->body : made.error().code;
}

std::string body_of(const Request& request, std::string_view transaction = "{}")
{
    const Document document = read_document(transaction);
    const auto made = request.send(0, {.transaction = document});
    return made ? made->body : "!" + made.error().code + ": " + made.error().detail;
}

class References : public CrossReferences {
public:
    std::optional<std::string> find(std::string_view kind, std::string_view id, std::string_view system) const override
    {
        const auto found = known.find(std::string(kind) + "/" + std::string(id) + "/" + std::string(system));
        return found == known.end() ? std::nullopt : std::optional(found->second);
    }
    std::map<std::string, std::string> known{{"customer/c1/odoo", "7"}, {"item/SKU-1/odoo", "42"}};
};

constexpr const char* odoo = R"(
applies: sales_order
steps:
  - id: order
    repeat: probe
    probe:
      after: 2m
      path: /json/2/sale.order/search_read
      body: { domain: [[client_order_ref, = "=", .order_number]], fields: [id, state], limit: 1 }
      found: .[0].id
    send:
      path: /json/2/sale.order/create
      headers: { Idempotency-Key: $delivery.key }
      body:
        vals_list:
          - client_order_ref: .order_number
            partner_id: .customer.ref | xref("customer", $system.name) | integer
            company_id: $system.settings.company
            date_order: .placed_at | format_time("%Y-%m-%d %H:%M:%S", "UTC")
            order_line:
              each: .lines
              value:
                - 0
                - 0
                - product_id: .item.sku | xref("item", $system.name) | integer
                  product_uom_qty: .qty.value | number
                  price_unit: = (.net // .extended).amount | divide(.qty.value, 9)
    capture: { sales_order: . | first }
  - id: confirm
    repeat: safe
    when: .state == "confirmed"
    send: { path: /json/2/sale.order/action_confirm, body: { ids: [$steps.order.sales_order] } }
    success_when: $answer.status == 200 and .error == null
)";

constexpr const char* order = R"({"order_number": "#1001", "state": "confirmed", "placed_at": "2026-01-02T08:04:05Z",
    "customer": {"ref": "c1"}, "lines": [{"item": {"sku": "SKU-1"}, "qty": {"value": "3", "uom": "EA"},
    "net": {"amount": "10.00", "currency": "EUR"}}]})";

/// The one problem of a request whose message is this.
std::string problem_of(const std::string& message)
{
    const auto request =
        request_of("applies: sales_order\nsteps:\n  - id: a\n    repeat: safe\n    send: " + message + "\n");
    return request ? "" : request.error().front().code + " at " + std::to_string(request.error().front().column);
}

TEST(Request, WhatIsWrongWhateverTheTransactionIsIsFoundWhenItIsLoaded)
{
    EXPECT_EQ(problem_of("{ path: orders }"), "bad_path at 19");
    EXPECT_EQ(problem_of("{ path: \"orders/{.id}\" }"), "bad_path at 19");
    EXPECT_EQ(problem_of("{ path: //evil.example/x }"), "bad_path at 19");
    EXPECT_EQ(problem_of("{ path: /orders, method: BREW }"), "bad_method at 36");
    EXPECT_EQ(problem_of("{ path: \"{.path}/x\", method: PATCH }"), "");
    EXPECT_EQ(problem_of("{ path: /orders, method: '= .method' }"), "");
}

TEST(Request, WhatLooksIntoAnAnswerIsKnown)
{
    const auto reads = [](const std::string& rest) {
        const auto request =
            request_of("applies: sales_order\nsteps:\n  - id: a\n    repeat: safe\n    send: { path: /a }\n" + rest);
        if (!request)
            return text_of(request.error().front());
        const auto& found = request->steps()[0].reads;
        return std::string(found.success ? "success " : "") + (found.capture ? "capture " : "") +
               (found.found ? "found " : "") + (found.status ? "status" : "");
    };
    EXPECT_EQ(reads(""), "");
    EXPECT_EQ(reads("    success_when: .error == null\n"), "success ");
    EXPECT_EQ(reads("    success_when: $answer.status == 201\n"), "status");
    EXPECT_EQ(reads("    success_when: ([.a, .b] | any(. != null)) and $answer.status in [200, 409]\n"),
              "success status");
    EXPECT_EQ(reads("    success_when: $answer.headers.x == $doc.id\n"), "");
    EXPECT_EQ(reads("    capture: { id: .id }\n"), "capture ");
    EXPECT_EQ(reads("    capture: { id: $doc.order_number }\n"), "");
    EXPECT_EQ(reads("    probe: { after: 1s, path: /b, found: . | first }\n"), "found ");
}

TEST(Request, AProbeThatNeedsNoMoreThanAnEntityIsKnown)
{
    const auto asks = [](const std::string& probe, const std::string& top = "") {
        const auto request =
            request_of("applies: sales_order\n" + top +
                       "steps:\n  - id: a\n    repeat: probe\n    send: { path: /a }\n    probe: " + probe);
        if (!request)
            return text_of(request.error().front());
        return std::string(request->steps()[0].probes_by_entity ? "yes" : "no");
    };
    EXPECT_EQ(asks("{ after: 1s, path: /a, query: { ref: $delivery.entity }, found: '.[0].id' }"), "yes");
    EXPECT_EQ(asks("{ after: 1s, path: '/a/{$delivery.source}/{$delivery.id}', found: .a == $answer.headers.x }"),
              "yes");
    EXPECT_EQ(asks("{ after: 1s, path: /a, body: { c: $system.settings.company }, found: .id }"), "yes");
    EXPECT_EQ(asks("{ after: 1s, path: /a, query: { ref: .order_number }, found: .id }"), "no");
    EXPECT_EQ(asks("{ after: 1s, path: /a, query: { ref: $delivery }, found: .id }"), "no");
    EXPECT_EQ(asks("{ after: 1s, path: /a, query: { ref: $delivery.effect_key }, found: .id }"), "no");
    EXPECT_EQ(asks("{ after: 1s, path: '/a/{$steps.b.id}', found: .id }"), "no");
    EXPECT_EQ(asks("{ after: 1s, path: /a, found: '.[.ref == $doc.order_number] | first' }"), "no");
    EXPECT_EQ(asks("{ after: 1s, path: /a, headers: { X: '{.currency}' }, found: .id }"), "no");
    EXPECT_EQ(asks("{ after: 1s, path: /a, query: { ref: $ref }, found: .id }",
                   "let: { shop: $delivery.source, ref: '{$shop}-{$delivery.entity}' }\n"),
              "yes");
    EXPECT_EQ(asks("{ after: 1s, path: /a, query: { ref: $ref }, found: .id }", "let: { ref: .order_number }\n"), "no");
}

TEST(Request, ATransactionBecomesTheCallsOfAnErp)
{
    const auto request = request_of(odoo);
    ASSERT_TRUE(request) << text_of(request.error().front());
    const Document transaction = read_document(order);
    const Document settings = read_document(R"({"company": 1})");
    const References references;
    RequestContext context{.transaction = transaction,
                           .effect_key = "ab12",
                           .system = "odoo",
                           .settings = &settings,
                           .cross_references = &references};

    ASSERT_EQ(request->steps().size(), 2U);
    EXPECT_EQ(request->applies(), "sales_order");
    EXPECT_EQ(request->steps()[0].repeat, Repeat::probe);
    EXPECT_EQ(request->steps()[0].probe_after, 2min);
    EXPECT_EQ(request->steps()[1].probe_after, std::nullopt);

    const auto probe = request->probe(0, context);
    ASSERT_TRUE(probe) << probe.error().detail;
    EXPECT_EQ(probe->method, "POST");
    EXPECT_EQ(probe->body, R"({"domain":[["client_order_ref","=","#1001"]],"fields":["id","state"],"limit":1})");

    const auto sent = request->send(0, context);
    ASSERT_TRUE(sent) << sent.error().detail;
    EXPECT_EQ(sent->path, "/json/2/sale.order/create");
    EXPECT_EQ(sent->content_type, "application/json");
    EXPECT_EQ(sent->headers, (std::vector<std::pair<std::string, std::string>>{{"Idempotency-Key", "ab12-order"}}));
    EXPECT_EQ(sent->body, R"({"vals_list":[{"client_order_ref":"#1001","partner_id":7,"company_id":1,)"
                          R"("date_order":"2026-01-02 08:04:05","order_line":[[0,0,{"product_id":42,)"
                          R"("product_uom_qty":3,"price_unit":3.333333333}]]}]})");

    const Document created = read_document("[815]");
    EXPECT_EQ(request->captured(0, context, {created, 200}).value(), R"({"sales_order":815})");
    const Document captures = read_document(R"({"sales_order":815})");
    const std::pair<std::string, const Document*> steps[]{{"order", &captures}};
    context.steps = steps;
    EXPECT_TRUE(request->wanted(1, context).value());
    EXPECT_EQ(request->send(1, context)->body, R"({"ids":[815]})");
}

TEST(Request, NamesAreThereWhereTheyMeanSomething)
{
    const auto with = [](const std::string& keys) {
        const auto request = request_of("applies: sales_order\nsteps:\n  - id: a\n    repeat: safe\n" + keys);
        return request ? "fine" : request.error().front().code;
    };
    EXPECT_EQ(with("    send: { path: '/x/{$answer.status}' }\n"), "unknown_name");
    EXPECT_EQ(with("    when: $answer.status == 200\n    send: { path: /x }\n"), "unknown_name");
    EXPECT_EQ(with("    send: { path: /x }\n    success_when: $answer.status == 200\n"), "fine");
    const auto request =
        request_of(
            "applies: sales_order\nsteps:\n  - id: a\n    repeat: safe\n    when: $delivery.attempt == 2\n"
            "    send: { path: '/x' }\n    capture: { key: $delivery.key, ref: "
            "'{$delivery.source}/{$delivery.entity}#{$delivery.id}' }\n")
            .value();
    const Document transaction = read_document(order);
    const Document answer = read_document("{}");
    const RequestContext context{.transaction = transaction,
                                 .effect_key = "ab",
                                 .attempt = 2,
                                 .source = "shop",
                                 .entity = "order/5",
                                 .id = "line/1"};
    EXPECT_TRUE(request.wanted(0, context).value());
    EXPECT_EQ(request.captured(0, context, {answer, 200}).value(), R"({"key":"ab-a","ref":"shop/order/5#line/1"})");
}

TEST(Request, WhatIsCapturedIsWholeOrAFailure)
{
    const auto request =
        request_of(
            "applies: sales_order\nsteps:\n  - id: a\n    repeat: probe\n    probe: { path: /x, found: . }\n"
            "    send: { path: /x }\n    capture: { all: . }\n")
            .value();
    std::string list;
    for (int i = 0; i < 10'000; ++i)
        list += (list.empty() ? "\"" : ",\"") + std::string(1000, 'a') + "\"";
    const Document transaction = read_document(order);
    const Document answer = read_document("[" + list + "]");
    const RequestContext context{.transaction = transaction};
    EXPECT_EQ(request.captured(0, context, {answer, 200}).error().code, "limit_output");
    EXPECT_EQ(request.found(0, context, {answer, 200}).error().code, "limit_output");
}

TEST(Request, AnAnswerSaysWhetherItIsThereAndWhetherItWentWell)
{
    const auto request = request_of(odoo).value();
    const Document transaction = read_document(order);
    const RequestContext context{.transaction = transaction};
    const auto found = [&](std::string_view body) {
        const Document answer = read_document(body);
        return request.found(0, context, {answer, 200}).value().value_or("nothing");
    };
    EXPECT_EQ(found(R"([{"id": 815}])"), "815");
    EXPECT_EQ(found("[]"), "nothing");

    const auto succeeded = [&](std::size_t step, std::string_view body, int status) {
        const Document answer = read_document(body);
        return request.succeeded(step, context, {answer, status}).value();
    };
    EXPECT_TRUE(succeeded(0, "[]", 201));
    EXPECT_FALSE(succeeded(0, "[]", 302));
    EXPECT_TRUE(succeeded(1, "{}", 200));
    EXPECT_FALSE(succeeded(1, R"({"error": {"code": 100}})", 200)) << "200 with an error inside";
}

TEST(Request, AMissingCrossReferenceIsADependency)
{
    const auto request = request_of(odoo).value();
    const Document transaction = read_document(order);
    const auto made = request.send(0, {.transaction = transaction, .system = "odoo"});
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, "reference_missing");
    EXPECT_EQ(made.error().failure_class, FailureClass::dependency);
}

TEST(Request, NullsAreLeftOutUnlessTheFileKeepsThem)
{
    const std::string message = "      path: /x\n      body: { a: .a, b: { c: .c }, d: [.d] }\n";
    EXPECT_EQ(body_of(sending(message)), R"({"d":[null]})");
    EXPECT_EQ(body_of(sending(message, "nulls: keep\n")), R"({"a":null,"b":{"c":null},"d":[null]})");
}

TEST(Request, AFormNamesMembersAndItemsInBrackets)
{
    const auto request = sending(
        "      path: /v1/refunds\n      format: form\n      body:\n        amount: 1050\n"
        "        metadata: { order: .id, note: .note }\n        items: [{ sku: a&b }, { sku: c d }]\n");
    EXPECT_EQ(body_of(request, R"({"id": "#1"})"),
              "amount=1050&metadata%5Border%5D=%231&items%5B0%5D%5Bsku%5D=a%26b&items%5B1%5D%5Bsku%5D=c%20d");
}

TEST(Request, XmlHasAttributesTextsAndRepeatedElements)
{
    const auto request = sending(
        "      path: /orders\n      format: xml\n      body:\n        Order:\n          \"@no\": .no\n"
        "          Line:\n            each: .lines\n            fields: { \"@qty\": .qty, \"#text\": .sku }\n"
        "          Note: .note\n");
    EXPECT_EQ(
        body_of(request,
                R"({"no": "7\"<", "note": "a & b", "lines": [{"qty": 1, "sku": "A"}, {"qty": 2, "sku": "<B>"}]})"),
        R"(<?xml version="1.0" encoding="UTF-8"?><Order no="7&quot;&lt;"><Line qty="1">A</Line>)"
        R"(<Line qty="2">&lt;B&gt;</Line><Note>a &amp; b</Note></Order>)");
    EXPECT_EQ(failure_of(request, R"({"no": 1, "note": "\u0001"})"), "bad_xml");
}

TEST(Request, WhatADocumentSaysNeverLeadsElsewhere)
{
    const auto path = sending("      path: /orders/{.id}\n");
    EXPECT_EQ(failure_of(path, R"({"id": "7"})"), "made /orders/7 ");
    for (const auto* bad : {R"({"id": "../admin"})", R"({"id": "7 HTTP/1.1"})", R"({"id": "7\r\nX: 1"})",
                            R"({"id": "a#b"})", R"({"id": ".."})", R"({"id": "\\\\host"})"})
        EXPECT_EQ(failure_of(path, bad), "bad_path") << bad;
    EXPECT_EQ(failure_of(sending("      path: \"{.id}\"\n"), R"({"id": "//evil.example/x"})"), "bad_path");
    const auto encoded = sending("      path: /orders/{.id | url}?limit=1\n");
    EXPECT_EQ(failure_of(encoded, R"({"id": "a/b c..."})"), "made /orders/a%2Fb%20c...?limit=1 ");
    for (const auto* bad : {R"({"id": ".."})", R"({"id": "."})", R"({"id": "../a b"})", R"({"id": "a/../b"})"})
        EXPECT_EQ(failure_of(encoded, bad), "bad_path") << bad;
    for (const auto* bad : {R"({"id": "..?x="})", R"({"id": "%2e%2E/admin"})", R"({"id": "..;/x"})",
                            R"({"id": "a%2f..%5Cb"})", R"({"id": "a%00"})", R"({"id": "a/."})"})
        EXPECT_EQ(failure_of(path, bad), "bad_path") << bad;

    const auto header = sending("      path: /x\n      headers: { X-Ref: .ref }\n");
    EXPECT_EQ(failure_of(header, R"({"ref": "a\r\nX-Evil: 1"})"), "bad_header");
    const auto query = sending("      path: /x?fixed=1\n      query: { q: .q, none: .none }\n");
    EXPECT_EQ(failure_of(query, R"({"q": "a&b=c"})"), "made /x?fixed=1&q=a%26b%3Dc ");
}

TEST(Request, AFileThatCannotBeReadSaysEverythingAtOnce)
{
    const auto request = request_of(
        "applies: sales_ordr\nsteps:\n  - id: a\n    repeat: often\n    send: { pth: /x }\n"
        "  - id: a\n    repeat: probe\n    send: { path: /x, format: yaml }\n");
    ASSERT_FALSE(request);
    std::string said;
    for (const Problem& problem : request.error())
        said += text_of(problem) + "\n";
    for (const auto* part :
         {"request.yaml:1:10: unknown_type: there is no canonical type `sales_ordr` (did you mean `sales_order`?)",
          "`repeat` says what a second sending would do", "`path` says where on the system", "two steps are called `a`",
          "`repeat: probe` needs a `probe`", "`format` is json, form, xml or text"})
        EXPECT_TRUE(said.contains(part)) << part << "\nin\n" << said;
}

}  // namespace
}  // namespace headgate::mapping::test
