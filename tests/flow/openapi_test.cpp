#include <algorithm>
#include <cstring>
#include <set>

#include <gmock/gmock.h>

#include "tests/flow/described_answers.hpp"
#include "tests/flow/operating.hpp"

namespace headgate::test {

namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAreArray;

/// The document of the admin API beside what it does. That answers are as it says, every test of this program sees
/// (described_answers.hpp).
class OpenApi : public OperatingFlow {
protected:
    /// An order whose payment state no vocabulary has.
    std::string unmapped(const std::string& channel, std::uint64_t id)
    {
        auto body = order_body(id, 1);
        body.replace(body.find(R"("paid")"), 6, R"("settled")");
        return send(channel, {"orders/updated", std::to_string(id), body, {}});
    }
    boost::json::value ask(const std::string& method, const std::string& path, const std::string& body = {})
    {
        const auto [status, text] = headgate_->admin(method, "/api/v1/" + path, body);
        EXPECT_EQ(status, 200) << method << " " << path << ": " << text;
        boost::system::error_code error;
        return boost::json::parse(text, error);
    }
    /// An order of which nobody knows whether it arrived; its hold.
    std::string doubtful(std::uint64_t id)
    {
        erp_.next({ErpFault::commit_and_reset});
        const auto event = order("shop", id, 1);
        EXPECT_TRUE(wait_for("/api/v1/holds", event)) << headgate_->log();
        const auto held = headgate_->admin_json("/api/v1/holds");
        for (const auto& hold : held.at("holds").as_array())
            if (hold.at("event").as_string() == event)
                return std::string(hold.at("hold").as_string());
        return {};
    }
    /// One that is here, and one that is not.
    void import_letters(const std::string& event)
    {
        const auto exported = ask("GET", "dlq/export?reveal=true&why=look&event=" + event);
        auto letter = exported.at("letters").at(0).as_object();
        const auto here = boost::json::serialize(letter);
        const std::string other = "01a21452-f5ad-743d-9f1a-10e517c881a3";
        letter["letter"] = letter["event"] = letter["envelope"].as_object()["event"] = other;
        letter["envelope"].as_object()["idempotency_key"] = "another";
        const auto answer = ask("POST", "dlq/import?why=move", here + "\n" + boost::json::serialize(letter));
        EXPECT_EQ(answer.at("imported").as_int64(), 1) << answer;
        EXPECT_EQ(answer.at("known").at(0).at("event").as_string(), event) << answer;
    }
    /// What a refusal says there is, as in "there is a, b".
    static std::set<std::string> listed(std::string_view detail)
    {
        constexpr std::string_view before = "there is ";
        std::set<std::string> names;
        const auto at = detail.find(before);
        for (auto rest = at == std::string_view::npos ? "" : detail.substr(at + before.size()); !rest.empty();) {
            const auto end = std::min(rest.find(", "), rest.size());
            names.emplace(rest.substr(0, end));
            rest.remove_prefix(std::min(end + 2, rest.size()));
        }
        return names;
    }
    /// A path with names that there might be.
    static std::string named(std::string path)
    {
        const std::string event = "01a21452-f5ad-743d-9f1a-10e517c881a3";
        const std::string name = path.starts_with("/channels")  ? "shop"
                                 : path.starts_with("/systems") ? "erp"
                                 : path.starts_with("/holds")   ? event + "." + std::string(32, '0')
                                                                : event;
        if (const auto at = path.find('{'); at != std::string::npos)
            path.replace(at, path.find('}') - at + 1, name);
        return "/api/v1" + path;
    }
    /// Calls `check` with the method, the path and the description of every operation.
    template <class Check>
    void each(const Check& check)
    {
        for (const auto& [path, methods] : described_answers().document().at("paths").as_object())
            for (const auto& [verb, operation] : methods.as_object()) {
                std::string method = verb;
                std::ranges::transform(method, method.begin(), [](char letter) { return letter & ~0x20; });
                check(method, std::string(path), operation.as_object());
            }
    }
};

TEST_F(OpenApi, EveryRouteIsAnsweredAsItIsDescribed)
{
    ASSERT_TRUE(begin({{"ERP_REPEAT", "never"}})) << headgate_->log();
    const auto arrived = doubtful(1), lost = doubtful(2);
    const auto odd = unmapped("shop", 3);
    for (std::uint64_t id = 4; id < 8; ++id)
        unmapped("outlet", id);
    ASSERT_TRUE(wait_for("/api/v1/dlq?count=true", R"("count":5)")) << headgate_->log();

    for (const auto* path :
         {"events", "dlq", "dlq/causes", "dlq/plan", "dlq/export", "replay", "holds", "work", "systems", "channels",
          "unmapped", "verify", "audit", "routes", "openapi.json", "xref/kinds", "vocabularies/entries"})
        ask("GET", path);
    for (const auto& path : {"events/" + odd, "events/" + odd + "/raw", "dlq/" + odd, "holds/" + arrived})
        ask("GET", path);
    ask("GET", "dlq/" + odd + "/plan");
    import_letters(odd);
    ask("GET", "dlq/" + odd + "?reveal=true&why=a+test");
    ask("POST", "holds/" + arrived + "/arrived", R"({"why":"seen"})");
    ask("POST", "holds/" + lost + "/not-arrived");
    const std::string edits = R"("why":"a test","edits":[{"op":"set","path":"/note","value":"x"}]})";
    ask("POST", "dlq/" + odd + "/edit", "{" + edits);
    ask("POST", "dlq/edit", R"({"filter":{"channel":"outlet"},)" + edits);
    const auto job = std::string(
        ask("POST", "replay", R"({"filter":{"channel":"outlet"},"rate":1,"why":"a test"})").at("job").as_string());
    ask("POST", "replay/" + job + "/pause");
    ask("POST", "replay/" + job + "/resume", R"({"rate":1})");
    ask("GET", "replay/" + job);
    ask("POST", "replay/" + job + "/cancel");
    ask("POST", "dlq/" + odd + "/replay");
    ASSERT_TRUE(wait_for("/api/v1/dlq/" + odd, R"("round":1)")) << headgate_->log();
    ask("POST", "dlq/" + odd + "/discard", R"({"why":"of no use"})");
    for (const auto* path : {"systems/erp", "channels/outlet"}) {
        ask("POST", std::string(path) + "/pause", R"({"why":"a test"})");
        ask("POST", std::string(path) + "/resume");
    }
    ask("PUT", "xref", R"({"system":"erp","kind":"item","id":"A","theirs":"1"})");
    ask("GET", "xref?system=erp&kind=item&id=A");
    ask("GET", "xref/export?system=erp&kind=item");
    ask("DELETE", "xref?system=erp&kind=item&id=A");
    ask("POST", "xref/import", R"({"system":"erp","kind":"item","id":"B","theirs":"2"})");
    ask("PUT", "vocabularies/entries", R"({"vocabulary":"payment_state.shopify","word":"odd","value":"captured"})");
    ask("GET", "vocabularies/entries");
    ask("DELETE", "vocabularies/entries?vocabulary=payment_state.shopify&word=odd");
    ask("POST", "channels/shop/pause", R"({"why":"so that something waits for it"})");
    order("shop", 8, 1);
    ASSERT_TRUE(wait_for("/api/v1/work", "shop")) << headgate_->log();
    const auto waiting = ask("GET", "work");
    ask("POST", "work/" + std::string(waiting.at("work").at(0).at("work").as_string()) + "/resolve",
        R"({"why":"a test"})");

    // Those that a rule holds are answered in approvals_test.cpp, polls in vendor_api_test.cpp, and subscriptions in
    // registration_test.cpp.
    std::set<std::string> missed{"POST holds/{ID}/approve",           "POST holds/{ID}/reject",
                                 "GET channels/{NAME}/polls",         "POST channels/{NAME}/polls",
                                 "GET channels/{NAME}/subscriptions", "POST channels/{NAME}/subscriptions"},
        all;
    each([&](const std::string& method, const std::string& path, const auto&) {
        all.insert(method + " " + path.substr(1));
    });
    auto answered = described_answers().answered();
    answered.merge(missed);
    EXPECT_THAT(answered, UnorderedElementsAreArray(all));
}

TEST_F(OpenApi, EveryRouteHasTheParametersThatAreDescribedAndNoOthers)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    const std::string edit = R"({"why":"x","edits":[{"op":"delete","path":"/a"}]})";

    each([&](const std::string& method, const std::string& path, const boost::json::object& operation) {
        std::set<std::string> described;
        if (const auto* parameters = operation.if_contains("parameters"))
            for (const auto& parameter : parameters->as_array())
                if (parameter.at("in").as_string() == "query")
                    described.emplace(parameter.at("name").as_string());
        if (described.erase("reveal") > 0)
            described.erase("why");  // which are taken off before anybody looks
        const auto body = path.ends_with("/edit") ? edit : path.ends_with("/discard") ? R"({"why":"x"})" : "";

        const auto text = headgate_->admin(method, named(path) + "?nonsense=1", body).second;

        const auto refused = boost::json::parse(text);
        EXPECT_EQ(refused.at("error").as_string(), "unknown_parameter") << method << " " << path << text;
        EXPECT_EQ(listed(refused.at("detail").as_string()), described) << method << " " << path;
    });
}

TEST_F(OpenApi, EveryBodyHasTheMembersThatAreDescribedAndNoOthers)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    const auto& schemas = described_answers().document().at("components").at("schemas");

    each([&](const std::string& method, const std::string& path, const boost::json::object& operation) {
        const auto* body = operation.if_contains("requestBody");
        // An export has more members than an import needs, and one of a later version has others.
        if (body == nullptr || path == "/dlq/import")
            return;
        const auto* schema = &body->at("content").as_object().begin()->value().at("schema");
        if (const auto* name = schema->as_object().if_contains("$ref"))
            schema = &schemas.at(std::string_view(name->as_string()).substr(std::strlen("#/components/schemas/")));
        std::set<std::string> described;
        for (const auto& [name, member] : schema->at("properties").as_object())
            described.emplace(name);

        const auto text = headgate_->admin(method, named(path), R"({"nonsense":1})").second;

        const auto refused = boost::json::parse(text);
        EXPECT_EQ(refused.at("error").as_string(), "bad_body") << method << " " << path << text;
        EXPECT_EQ(listed(refused.at("detail").as_string()), described) << method << " " << path;
    });
}

}  // namespace

}  // namespace headgate::test
