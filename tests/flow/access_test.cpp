#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <map>

#include <gmock/gmock.h>

#include "tests/flow/operating.hpp"

namespace headgate::test {

namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// Two shops with the tokens of several people, made as a person makes them.
class Access : public OperatingFlow {
protected:
    Access()
    {
        for (const auto* folder : {"two_shops", "erp"})
            fs::copy(source_folder() / "tests/flow" / folder, folder_ / folder, fs::copy_options::recursive);
        append(
            "queues:\n  outlets: { owner: a@example.com, takes: { channels: [outlet] } }\n"
            "  default: { owner: b@example.com }\n");
    }

    fs::path config() { return folder_ / "two_shops"; }

    void append(const std::string& yaml) { std::ofstream(config() / "headgate.yaml", std::ios::app) << yaml; }

    /// As `headgate token add` says it.
    void add(const std::string& name, std::vector<std::string> arguments)
    {
        arguments.insert(arguments.begin(), {"token", "add", name});
        arguments.insert(arguments.end(), {"--config", config().string()});
        const auto made = run_headgate(arguments);
        ASSERT_EQ(made.code, 0) << made.err;
        ASSERT_THAT(made.out, ::testing::EndsWith("\n"));
        tokens_[name] = made.out.substr(0, made.out.size() - 1);
        const auto entry = made.err.find("    - {");
        ASSERT_NE(entry, std::string::npos) << made.err;
        append((tokens_.size() == 1 ? "access:\n  tokens:\n" : "") + made.err.substr(entry));
    }

    bool begin_as(std::map<std::string, std::string> environment = {})
    {
        return begin(std::move(environment), config());
    }

    std::pair<int, std::string> as(const std::string& who, const std::string& method, const std::string& target,
                                   const std::string& body = {})
    {
        const auto token = tokens_.find(who);
        return headgate_->admin_as(token == tokens_.end() ? who : token->second, method, "/api/v1/" + target, body);
    }

    static std::string code_of(const std::string& answer)
    {
        boost::system::error_code error;
        const auto parsed = boost::json::parse(answer, error);
        const auto* code = !error && parsed.is_object() ? parsed.as_object().if_contains("error") : nullptr;
        return code == nullptr ? "" : std::string(code->as_string());
    }

    /// The members of that name in a list, in its order.
    std::vector<std::string> listed(const std::string& who, const std::string& list, const std::string& member,
                                    const std::string& name = {})
    {
        const auto [status, text] = as(who, "GET", list);
        EXPECT_EQ(status, 200) << text;
        std::vector<std::string> all;
        const auto answer = boost::json::parse(text);
        for (const auto& row : answer.at(name.empty() ? list : name).as_array())
            all.emplace_back(row.at(member).as_string());
        return all;
    }

    std::map<std::string, std::string> tokens_;
};

/// Every way that the table of routes has, for every kind of caller, is answered as it is declared.
TEST_F(Access, EveryRouteAnswersEachTokenAsItIsDeclared)
{
    for (const std::string role : {"viewer", "operator", "approver", "admin"}) {
        add("a-" + role, {"--role", role});
        add("machine-" + role, {"--role", role, "--machine"});
        add("shop-" + role, {"--role", role, "--channels", "shop"});
        add("queue-" + role, {"--role", role, "--queues", "outlets"});
    }
    add("late", {"--role", "admin", "--expires", "2020-01-01"});
    ASSERT_TRUE(begin_as()) << headgate_->log();
    const std::map<std::string, int> rank{{"viewer", 0}, {"operator", 1}, {"approver", 2}, {"admin", 3}};
    const auto routes = headgate_->admin_json("/api/v1/routes").at("routes").as_array();
    ASSERT_GT(routes.size(), 28U);

    for (const auto& route : routes) {
        const std::string method(route.at("method").as_string());
        std::string path(route.at("path").as_string());
        const auto what = method + " " + path;
        for (const auto& [word, name] :
             {std::pair<std::string, std::string>{
                  "ID", std::string("01a21452-3cd5-79c5-a3be-07693968c9f8") +
                            (path.starts_with("holds/") ? ".00112233445566778899aabbccddeeff" : "")},
              {"NAME", "nobody"},
              {"JOB", "abcdefgh"}})
            if (const auto at = path.find("/" + word); at != std::string::npos)
                path.replace(at + 1, word.size(), name);
        const int least = rank.at(std::string(route.at("role").as_string()));
        const auto reach = route.at("reach").as_string();

        EXPECT_EQ(code_of(as("", method, path).second), "token_wrong") << what;
        EXPECT_EQ(as("hg_wrong", method, path).first, 401) << what;
        EXPECT_EQ(as("late", method, path).first, 401) << what;
        EXPECT_EQ(code_of(as("late", method, path).second), "token_expired") << what;
        for (const auto& [role, has] : rank) {
            const auto told = [&](const std::string& kind) {
                const auto [status, text] = as(kind + role, method, path);
                return status == 403 ? code_of(text) : std::to_string(status);
            };
            const bool low = has < least;
            const auto let_in = ::testing::AnyOf("200", "400", "404");
            if (low) {
                for (const auto* kind : {"a-", "machine-", "shop-", "queue-"})
                    EXPECT_EQ(told(kind), "role_wanted") << what << " as " << kind << role;
                continue;
            }
            EXPECT_THAT(told("a-"), let_in) << what << " as " << role;
            if (route.at("payload").as_bool()) {
                const auto [status, text] = as("a-" + role, method, path + "?reveal=true&why=test");
                EXPECT_EQ(code_of(text), has < 1         ? "role_wanted"
                                         : status == 200 ? ""
                                                         : "not_found")
                    << what << " as " << role << status;
            }
            if (route.at("decides").as_bool())
                EXPECT_EQ(told("machine-"), "machine_refused") << what << " as " << role;
            else
                EXPECT_THAT(told("machine-"), let_in) << what << " as " << role;
            if (reach == "everything")
                EXPECT_EQ(told("shop-"), "scope_wanted") << what << " as " << role;
            else
                EXPECT_THAT(told("shop-"), let_in) << what << " as " << role;
            if (reach == "asked")
                EXPECT_THAT(told("queue-"), let_in) << what << " as " << role;
            else
                EXPECT_EQ(told("queue-"), "scope_wanted") << what << " as " << role;
        }
    }
    const auto [status, text] = as("a-viewer", "POST", "systems/erp/pause", R"({"why":"x"})");
    EXPECT_EQ(status, 403);
    EXPECT_THAT(text, HasSubstr("takes the role operator, and the token `a-viewer` has viewer"));
    EXPECT_EQ(as("a-viewer", "GET", "dlq?where=.email").first, 403) << "which would tell what is masked";
    EXPECT_EQ(as("a-operator", "GET", "dlq?where=.email").first, 200);
}

TEST_F(Access, ATokenOfOneChannelSeesAndTouchesOnlyWhatCameByIt)
{
    add("outlet", {"--role", "approver", "--channels", "outlet"});
    add("queue", {"--role", "operator", "--queues", "outlets"});
    ASSERT_TRUE(begin_as({{"ERP_REPEAT", "never"}})) << headgate_->log();
    const auto bad_shop = send("shop", {"orders/updated", "bad-1", "{", {}});
    const auto bad_outlet = send("outlet", {"orders/updated", "bad-2", "{", {}});
    const auto fine = order("outlet", 7, 1);
    ASSERT_TRUE(wait_until_applied(fine)) << headgate_->log();
    erp_.next({ErpFault::commit_and_reset, ErpFault::commit_and_reset});
    const auto doubt_shop = order("shop", 1, 1);
    ASSERT_TRUE(wait_for("/api/v1/holds", doubt_shop)) << headgate_->log();
    const auto doubt_outlet = order("outlet", 1, 1);
    ASSERT_TRUE(wait_for("/api/v1/holds", doubt_outlet)) << headgate_->log();
    for (const auto& event : {bad_shop, bad_outlet, doubt_shop, doubt_outlet})
        ASSERT_TRUE(wait_for("/api/v1/events", event)) << headgate_->log();
    std::map<std::string, std::string> holds;
    const auto held = headgate_->admin_json("/api/v1/holds");
    for (const auto& hold : held.at("holds").as_array())
        holds[std::string(hold.at("channel").as_string())] = std::string(hold.at("hold").as_string());

    EXPECT_THAT(listed("outlet", "events", "event"), ::testing::UnorderedElementsAre(bad_outlet, fine, doubt_outlet));
    EXPECT_THAT(listed("outlet", "dlq", "event", "letters"), ElementsAre(bad_outlet));
    EXPECT_THAT(listed("outlet", "holds", "event"), ElementsAre(doubt_outlet));
    EXPECT_THAT(listed("outlet", "channels", "channel"), ElementsAre("outlet"));
    for (const auto& [method, path] : {std::pair<std::string, std::string>{"GET", "events/" + bad_shop},
                                       {"GET", "events/" + bad_shop + "/raw"},
                                       {"GET", "dlq/" + bad_shop},
                                       {"POST", "dlq/" + bad_shop + "/replay"},
                                       {"POST", "holds/" + holds["shop"] + "/arrived"},
                                       {"POST", "holds/" + holds["shop"] + "/not-arrived"},
                                       {"POST", "channels/shop/pause"},
                                       {"POST", "channels/shop/resume"}}) {
        const auto [status, text] = as("outlet", method, path, method == "GET" ? "" : R"({"why":"not mine"})");
        const auto [unknown, of_none] = as("outlet", method, "dlq/01a21452-3cd5-79c5-a3be-07693968c9f8/x", "");
        EXPECT_EQ(status, 404) << method << " " << path << ": " << text;
        EXPECT_EQ(code_of(text), "not_found") << path;
        EXPECT_EQ(text.find("shop,"), std::string::npos) << "no list of what there is: " << text;
        EXPECT_EQ(unknown, 404) << of_none;
    }
    EXPECT_EQ(as("outlet", "GET", "events/" + bad_outlet).first, 200);
    EXPECT_EQ(as("outlet", "GET", "dlq/" + bad_outlet).first, 200);
    EXPECT_EQ(as("outlet", "POST", "dlq/" + bad_outlet + "/replay").first, 200);
    EXPECT_EQ(as("outlet", "POST", "holds/" + holds["outlet"] + "/arrived", R"({"why":"seen"})").first, 200);
    EXPECT_EQ(as("outlet", "POST", "channels/outlet/pause", R"({"why":"prices"})").first, 200);
    EXPECT_EQ(as("outlet", "POST", "channels/outlet/resume").first, 200);

    // A queue's: what waits there, and the event behind it, whatever else its channel has.
    ASSERT_TRUE(wait_for("/api/v1/dlq", bad_outlet)) << headgate_->log();
    EXPECT_THAT(listed("queue", "dlq", "event", "letters"), ElementsAre(bad_outlet));
    EXPECT_THAT(listed("queue", "events", "event"), ElementsAre(bad_outlet));
    EXPECT_EQ(as("queue", "GET", "events/" + bad_outlet).first, 200);
    EXPECT_EQ(as("queue", "GET", "events/" + fine).first, 404);
    EXPECT_EQ(as("queue", "GET", "dlq/" + bad_shop).first, 404);
}

TEST_F(Access, WhatATokenDoesIsToldUnderItsName)
{
    add("ines", {"--role", "operator"});
    ASSERT_TRUE(begin_as()) << headgate_->log();
    const auto bad = send("shop", {"orders/updated", "bad-1", "{", {}});
    ASSERT_TRUE(wait_for("/api/v1/dlq", bad)) << headgate_->log();
    const std::map<std::string, std::string> environment{{"HEADGATE_TOKEN", tokens_["ines"]}};
    const std::vector<std::string> data{"--data", (folder_ / "data").string()};
    const auto run = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.end(), data.begin(), data.end());
        return run_headgate(arguments, environment);
    };

    EXPECT_EQ(run({"systems", "pause", "erp", "--why", "stocktaking"}).code, 0);
    EXPECT_EQ(run({"dlq", "replay", bad}).code, 0);
    EXPECT_EQ(run({"xref", "set", "erp", "item", "SKU-1", "42"}).code, 0);

    EXPECT_EQ(row("systems", "erp").at("paused").at("who").as_string(), "ines");
    ASSERT_TRUE(wait_for("/api/v1/events/" + bad, R"("who":"ines")")) << headgate_->log();
    EXPECT_THAT(headgate_->log(), HasSubstr("who=ines"));
    EXPECT_EQ(headgate_->log().find("who=admin"), std::string::npos);
    EXPECT_EQ(headgate_->log().find(tokens_["ines"]), std::string::npos) << "no token in the log";
    const auto refused = run_headgate({"systems", "list", data[0], data[1]}, {{"HEADGATE_TOKEN", "hg_other"}});
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.err, HasSubstr("token_wrong"));
}

TEST_F(Access, ATokenIsPrintedOnceAndOnlyItsHashIsKept)
{
    add("desk", {"--role", "approver", "--queues", "outlets,default", "--expires", "2099-01-01"});

    std::ifstream file(config() / "tokens/desk");
    const std::string kept(std::istreambuf_iterator<char>(file), {});
    EXPECT_THAT(kept, StartsWith("sha256:"));
    EXPECT_EQ(kept.find(tokens_["desk"]), std::string::npos);
    struct stat status{};
    ASSERT_EQ(::stat((config() / "tokens/desk").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    const auto checked = run_headgate({"check", "--config", config().string()}, {{"ERP_PORT", "1"}});
    EXPECT_EQ(checked.code, 0) << checked.err << checked.out;
    const auto again = run_headgate({"token", "add", "desk", "--role", "viewer", "--config", config().string()});
    EXPECT_EQ(again.code, 1);
    EXPECT_EQ(again.out, "");
    EXPECT_THAT(again.err, HasSubstr("token_exists"));
    for (const auto& wrong : {std::vector<std::string>{"x", "--role", "aprover"},
                              {"admin", "--role", "viewer"},
                              {"A b", "--role", "viewer"},
                              {"x", "--role", "viewer", "--expires", "soon"}}) {
        std::vector<std::string> arguments{"token", "add"};
        arguments.insert(arguments.end(), wrong.begin(), wrong.end());
        arguments.insert(arguments.end(), {"--config", config().string()});
        const auto result = run_headgate(arguments);
        EXPECT_EQ(result.code, 2) << result.err;
        EXPECT_EQ(result.out, "");
    }
    EXPECT_FALSE(fs::exists(config() / "tokens/x"));

    fs::create_directories(folder_ / "data");
    const auto in_data = run_headgate({"token", "add", "x", "--role", "viewer", "--data", (folder_ / "data").string()});
    EXPECT_EQ(in_data.code, 0) << in_data.err;
    EXPECT_THAT(in_data.err, HasSubstr("hash: file:" + (folder_ / "data/tokens/x").string()));
}

}  // namespace

}  // namespace headgate::test
