#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/erp.hpp"
#include "tests/support/headgate_process.hpp"
#include "tests/support/order_sender.hpp"

namespace headgate::test {

/// A Headgate with two channels, `shop` and `outlet`, whose one system is an ERP of the test's; and what an operator
/// does with it.
class OperatingFlow : public ::testing::Test {
protected:
    using Environment = std::map<std::string, std::string>;

    bool begin(Environment environment = {}, const fs::path& config = source_folder() / "tests/flow/two_shops")
    {
        environment["ERP_PORT"] = std::to_string(erp_.port());
        headgate_ = std::make_unique<HeadgateProcess>(
            HeadgateProcess::Options{config, folder_ / "data", environment, "127.0.0.1:0"});
        return headgate_->start();
    }

    /// As a crash does it.
    bool begin_again()
    {
        headgate_->kill_hard();
        return headgate_->start();
    }

    std::string send(const std::string& channel, const Webhook& webhook)
    {
        Sender sender("/hooks/" + channel, headgate_->secret(channel));
        return event_of(sender.post(headgate_->port(), webhook).body);
    }

    /// A version of an order, which has as many lines: its total tells them apart at the ERP.
    std::string order(const std::string& channel, std::uint64_t id, std::uint32_t version)
    {
        return send(channel, {"orders/updated",
                              std::to_string(id) + "-" + std::to_string(version),
                              order_body(id, version, static_cast<int>(version)),
                              {}});
    }

    /// The totals that the ERP was told of an order, in the order it heard them.
    std::vector<std::string> totals(std::uint64_t id)
    {
        std::vector<std::string> all;
        for (const auto& call : erp_.calls())
            if (call.method == "POST" && call.target == "/orders") {
                const auto body = boost::json::parse(call.body);
                if (body.at("ref").as_string() == "%23" + std::to_string(id))
                    all.emplace_back(body.at("total").as_string());
            }
        return all;
    }

    [[nodiscard]] bool wait_for(const std::string& target, std::string_view words) const
    {
        return headgate_->wait_until_told(target, words, std::chrono::seconds(120));
    }

    [[nodiscard]] bool wait_until_applied(const std::string& event) const
    {
        return wait_for("/api/v1/events/" + event, "\"state\":\"applied\"");
    }

    boost::json::value event(const std::string& id) { return headgate_->admin_json("/api/v1/events/" + id); }
    std::string state(const std::string& id) { return std::string(event(id).at("state").as_string()); }

    /// The row of a list that has this name.
    boost::json::value row(const std::string& list, const std::string& name)
    {
        const auto all = headgate_->admin_json("/api/v1/" + list);
        for (const auto& one : all.at(list).as_array())
            if (one.at(list.substr(0, list.size() - 1)).as_string() == name)
                return one;
        return nullptr;
    }

    [[nodiscard]] CommandResult headgate(std::vector<std::string> arguments, const std::string& input = {}) const
    {
        arguments.insert(arguments.end(), {"--data", (folder_ / "data").string()});
        return run_headgate(arguments, {}, input);
    }

    TemporaryFolder folder_;
    Erp erp_;
    std::unique_ptr<HeadgateProcess> headgate_;
};

}  // namespace headgate::test
