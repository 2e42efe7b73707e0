#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "tests/flow/flow.hpp"
#include "tests/support/erp.hpp"

namespace headgate::test {

inline constexpr const char* replay_deployment = R"(name: story
channels: { shop: { connector: store, secret: generated } }
systems:
  erp:
    preset: http
    url: http://127.0.0.1:${ERP_PORT}
    requests: requests
    allow: [127.0.0.0/8]
    concurrency: 16
    retry: { first_delay: 10ms, ceiling: 100ms }
    breaker: { open_after: 1000, probe_every: 100ms }
    idempotency_header: Idempotency-Key
)";
inline constexpr const char* replay_request = R"(applies: sales_order
steps:
  - id: order
    repeat: keyed
    send: { path: /orders, body: { ref: .order_number | url, lines: .lines | count } }
    capture: { sales_order: .id }
)";
inline constexpr const char* replay_connector = R"(title: A shop of the tests' own
signature:
  hmac: { hash: sha256, key: text, header: X-Shopify-Hmac-Sha256, encoding: base64, signed: "{body}" }
identity:
  topic: $headers."x-shopify-topic"
  idempotency_key: $headers."x-shopify-event-id"
  order_by: .id
  window: 8h
keep_headers: ["x-shopify-*"]
topics:
  orders/updated: { mappings: [sales_order] }
)";
inline constexpr const char* right_mapping = R"(extends: shopify/sales_order
topics: [orders/updated]
)";
// Whoever wrote it believed that notes are numbers.
inline constexpr const char* wrong_notes = R"(fields:
  notes: "{.note | integer}"
)";

/// A shop, its ERP, and a mapping that may be wrong.
class ReplayFlow : public ::testing::Test {
protected:
    using seconds = std::chrono::seconds;

    ReplayFlow() : erp_(Erp::Options{.upserts = true, .knows_keys = true}) {}

    static void write(const fs::path& file, const std::string& text)
    {
        fs::create_directories(file.parent_path());
        std::ofstream(file) << text;
    }

    bool begin(const std::string& more = {})
    {
        write(folder_ / "config/headgate.yaml", replay_deployment + more);
        write(folder_ / "config/requests/sales_order.yaml", replay_request);
        write(folder_ / "config/connectors/store/connector.yaml", replay_connector);
        mapping_is(std::string(right_mapping) + wrong_notes);
        headgate_ = std::make_unique<HeadgateProcess>(HeadgateProcess::Options{
            folder_ / "config", folder_ / "data", {{"ERP_PORT", std::to_string(erp_.port())}}, "127.0.0.1:0"});
        return headgate_->start();
    }
    void mapping_is(const std::string& text)
    {
        write(folder_ / "config/connectors/store/mappings/sales_order.yaml", text);
    }
    bool begin_again()
    {
        headgate_->kill_hard();
        return headgate_->start();
    }
    bool mend()
    {
        mapping_is(right_mapping);
        return headgate_->terminate() && headgate_->start();
    }

    /// A version of an order has so many lines. With a note the wrong mapping fails; with a strange state every one.
    std::string order(std::uint64_t id, std::uint32_t version, bool note, bool strange = false)
    {
        auto body = order_body(id, version, static_cast<int>(version));
        if (note)
            body.insert(1, R"("note":"ring twice",)");
        if (strange)
            body.replace(body.find(R"("paid")"), 6, R"("settled")");
        Sender sender("/hooks/shop", headgate_->secret("shop"));
        return event_of(sender.post(headgate_->port(), {"orders/updated", key_of(id, version), body, {}}, 60).body);
    }
    static std::string key_of(std::uint64_t id, std::uint32_t version)
    {
        return std::to_string(id) + "-" + std::to_string(version);
    }
    /// Versions that the ERP made of each order, in the order it heard them. A sending that comes again is no new one.
    std::map<std::string, std::vector<std::int64_t>> versions()
    {
        std::map<std::string, std::vector<std::int64_t>> all;
        std::set<std::string> keys;
        for (const auto& call : erp_.calls())
            if (call.method == "POST" && keys.insert(call.headers.at("idempotency-key")).second) {
                const auto body = boost::json::parse(call.body);
                all[std::string(body.at("ref").as_string())].push_back(body.at("lines").as_int64());
            }
        return all;
    }

    CommandResult headgate(std::vector<std::string> arguments)
    {
        arguments.insert(arguments.end(), {"--data", (folder_ / "data").string()});
        return run_headgate(arguments);
    }
    boost::json::object start(const std::string& body)
    {
        const auto [status, text] = headgate_->admin("POST", "/api/v1/replay", body);
        EXPECT_EQ(status, 200) << text;
        return boost::json::parse(text).as_object();
    }
    boost::json::object job(const std::string& id) { return headgate_->admin_json("/api/v1/replay/" + id).as_object(); }
    bool job_is(const std::string& id, const std::string& state)
    {
        return headgate_->wait_until_told("/api/v1/replay/" + id, R"("state":")" + state + "\"", seconds(300));
    }
    bool quiet() { return headgate_->wait_until_quiet(seconds(300)); }
    std::int64_t letters() { return headgate_->admin_json("/api/v1/dlq?limit=1&count=true").at("count").as_int64(); }
    std::size_t event_edits(const std::string& id)
    {
        return headgate_->admin_json("/api/v1/events/" + id).at("envelope").at("edits").as_array().size();
    }
    static std::int64_t number(const boost::json::object& object, const char* name)
    {
        return object.at(name).to_number<std::int64_t>();
    }

    TemporaryFolder folder_;
    Erp erp_;
    std::unique_ptr<HeadgateProcess> headgate_;
};

}  // namespace headgate::test
